"""Which modules libraries have no longer.

Modules that are gone, by top-level package and by the first release without them. Made by
tools/build_version_rot.py from the wheels of: gensim 3.8.3 4.3.3; imbalanced-learn 0.4.3 0.6.2
0.8.1 0.10.1 0.12.4 0.14.0; keras 2.2.5 2.3.1 2.4.3 2.6.0 2.8.0 2.11.0 2.13.1 2.15.0 3.0.5 3.5.0
3.12.0; numpy 1.13.3 1.16.6 1.19.5 1.22.4 1.26.4 2.0.2 2.2.6 2.4.0; pandas 0.20.3 0.23.4 0.25.3
1.0.5 1.1.5 1.2.5 1.3.5 1.5.3 2.0.3 2.1.4 2.2.3 2.3.3 3.0.0; scikit-learn 0.18.2 0.19.2 0.20.3
0.21.3 0.22.2.post1 0.23.2 0.24.2 1.0.2 1.1.3 1.2.2 1.3.2 1.4.2 1.5.2 1.6.1 1.7.2 1.8.0 1.9.0;
scipy 1.0.1 1.4.1 1.5.4 1.7.3 1.8.1 1.9.3 1.11.4 1.14.1 1.16.3 1.17.0.
"""

GONE = {
    "gensim": {
        "4.3.3": (
            "models._utils_any2vec models.base_any2vec models.deprecated models.utils_any2vec "
            "models.wrappers scripts.make_wiki_lemma scripts.make_wiki_online_lemma "
            "similarities.index sklearn_api summarization viz"
        ),
    },
    "imblearn": {
        "0.6.2": ("ensemble._balance_cascade ensemble.base"),
        "0.14.0": (
            "_config _min_dependencies utils._available_if utils._metadata_requests "
            "utils._param_validation utils.fixes"
        ),
    },
    "keras": {
        "2.4.3": (
            "backend.cntk_backend backend.common backend.load_backend backend.numpy_backend "
            "backend.tensorflow_backend backend.theano_backend callbacks.callbacks "
            "callbacks.tensorboard_v1 callbacks.tensorboard_v2 engine.training_arrays "
            "engine.training_generator legacy.interfaces legacy.layers"
        ),
        "2.6.0": ("engine.network engine.topology objectives utils.test_utils"),
        "2.8.0": ("layers.preprocessing.category_crossing layers.preprocessing.reduction"),
        "2.11.0": (
            "api._v1.keras.mixed_precision.experimental "
            "api._v2.keras.mixed_precision.experimental api.keras.mixed_precision.experimental "
            "combinations distribute.sidecar_evaluator keras_parameterized "
            "layers.advanced_activations layers.convolutional_recurrent "
            "layers.core.activity_regularization layers.core.dropout layers.core.flatten "
            "layers.core.permute layers.core.repeat_vector layers.core.reshape "
            "layers.core.spatial_dropout layers.cudnn_recurrent layers.dense_attention "
            "layers.einsum_dense layers.embeddings layers.legacy_rnn layers.local layers.merge "
            "layers.multi_head_attention layers.recurrent layers.recurrent_v2 "
            "layers.rnn_cell_wrapper_v2 layers.wrappers mixed_precision.get_layer_policy "
            "mixed_precision.loss_scale optimizer_experimental optimizer_v1 optimizer_v2 premade "
            "preprocessing.dataset_utils preprocessing.image_dataset preprocessing.text_dataset "
            "preprocessing.timeseries saving.hdf5_format saving.model_config saving.save "
            "saving.saved_model saving.saved_model_experimental saving.saving_utils "
            "saving.utils_v1 testing_utils type utils.all_utils utils.multi_gpu_utils"
        ),
        "2.13.1": (
            "api._v1.keras.callbacks.experimental api._v1.keras.premade api._v1.keras.wrappers "
            "api._v2.keras.premade api._v2.keras.wrappers api.keras backend_config callbacks_v1 "
            "datasets.cifar distribute dtensor.integration_test_utils dtensor.layout_map "
            "dtensor.lazy_variable dtensor.optimizers dtensor.test_util dtensor.utils engine "
            "feature_column initializers.initializers_v1 initializers.initializers_v2 "
            "integration_test layers.activation layers.attention layers.convolutional layers.core "
            "layers.kernelized layers.locally_connected layers.merging layers.noise "
            "layers.normalization layers.pooling layers.preprocessing layers.regularization "
            "layers.reshaping layers.rnn layers.serialization legacy_tf_layers "
            "metrics.base_metric metrics.metrics mixed_precision.autocast_variable "
            "mixed_precision.device_compatibility_check mixed_precision.loss_scale_optimizer "
            "mixed_precision.policy mixed_precision.test_util models.cloning "
            "models.sharpness_aware_minimization optimizers.legacy.adadelta "
            "optimizers.legacy.adagrad optimizers.legacy.adam optimizers.legacy.adamax "
            "optimizers.legacy.ftrl optimizers.legacy.nadam optimizers.legacy.optimizer "
            "optimizers.legacy.rmsprop optimizers.legacy.sgd "
            "optimizers.legacy_learning_rate_decay optimizers.optimizer_experimental "
            "optimizers.optimizer_v1 optimizers.optimizer_v2 "
            "optimizers.schedules.learning_rate_schedule premade_models saving.experimental "
            "saving.legacy saving.object_registration saving.pickle_utils testing_infra "
            "utils.audio_dataset utils.control_flow_util utils.conv_utils utils.data_utils "
            "utils.dataset_creator utils.dataset_utils utils.generic_utils utils.image_dataset "
            "utils.image_utils utils.io_utils utils.keras_logging utils.kernelized_utils "
            "utils.kpl_test_utils utils.layer_utils utils.losses_utils utils.metrics_utils "
            "utils.mode_keys utils.np_utils utils.object_identity utils.sidecar_evaluator "
            "utils.text_dataset utils.tf_contextlib utils.tf_inspect utils.tf_utils "
            "utils.timeseries_dataset utils.traceback_utils utils.version_utils utils.vis_utils "
            "wrappers.scikit_learn"
        ),
        "3.0.5": (
            "__internal__ api._v1 api._v2 applications.regnet applications.resnet_rs "
            "backend.experimental callbacks.experimental dtensor estimator experimental "
            "layers.experimental metrics.experimental models.experimental optimizers.experimental "
            "preprocessing.text protobuf src.applications.regnet src.applications.resnet_rs "
            "src.backend_config src.callbacks_v1 src.distribute src.dtensor src.engine "
            "src.estimator src.feature_column src.initializers.initializers "
            "src.initializers.initializers_v1 src.layers.activation "
            "src.layers.attention.base_dense_attention src.layers.core.activation "
            "src.layers.core.tf_op_layer src.layers.kernelized src.layers.locally_connected "
            "src.layers.noise src.layers.normalization.batch_normalization_v1 "
            "src.layers.pooling.base_global_pooling1d src.layers.pooling.base_global_pooling2d "
            "src.layers.pooling.base_global_pooling3d src.layers.pooling.base_pooling1d "
            "src.layers.pooling.base_pooling2d src.layers.pooling.base_pooling3d "
            "src.layers.preprocessing.preprocessing_stage "
            "src.layers.preprocessing.preprocessing_test_utils "
            "src.layers.preprocessing.preprocessing_utils "
            "src.layers.regularization.spatial_dropout1d "
            "src.layers.regularization.spatial_dropout2d "
            "src.layers.regularization.spatial_dropout3d src.layers.rnn.abstract_rnn_cell "
            "src.layers.rnn.base_conv_lstm src.layers.rnn.base_conv_rnn "
            "src.layers.rnn.base_cudnn_rnn src.layers.rnn.base_rnn src.layers.rnn.base_wrapper "
            "src.layers.rnn.cell_wrappers src.layers.rnn.cudnn_gru src.layers.rnn.cudnn_lstm "
            "src.layers.rnn.dropout_rnn_cell_mixin src.layers.rnn.gru_lstm_utils "
            "src.layers.rnn.gru_v1 src.layers.rnn.legacy_cell_wrappers "
            "src.layers.rnn.legacy_cells src.layers.rnn.lstm_v1 src.layers.rnn.rnn_utils "
            "src.layers.serialization src.legacy_tf_layers src.metrics.base_metric "
            "src.metrics.py_metric src.mixed_precision src.models.sharpness_aware_minimization "
            "src.optimizers.legacy src.optimizers.legacy_learning_rate_decay "
            "src.optimizers.optimizer_v1 src.optimizers.utils src.premade_models "
            "src.preprocessing src.saving.legacy src.saving.pickle_utils src.testing_infra "
            "src.utils.audio_dataset src.utils.control_flow_util src.utils.conv_utils "
            "src.utils.data_utils src.utils.dataset_creator src.utils.feature_space "
            "src.utils.generic_utils src.utils.image_dataset src.utils.keras_logging "
            "src.utils.kernelized_utils src.utils.kpl_test_utils src.utils.layer_utils "
            "src.utils.legacy src.utils.losses_utils src.utils.metrics_utils src.utils.mode_keys "
            "src.utils.np_utils src.utils.object_identity src.utils.sidecar_evaluator "
            "src.utils.steps_per_execution_tuning src.utils.text_dataset src.utils.tf_contextlib "
            "src.utils.tf_inspect src.utils.timed_threads src.utils.timeseries_dataset "
            "src.utils.version_utils src.utils.vis_utils utils.experimental"
        ),
        "3.5.0": ("src.callbacks.backup_and_restore_callback src.utils.nest src.utils.shape_utils"),
        "3.12.0": (
            "api src.backend.exports src.export.export_lib "
            "src.layers.preprocessing.audio_preprocessing src.layers.preprocessing.center_crop "
            "src.layers.preprocessing.random_brightness src.layers.preprocessing.random_contrast "
            "src.layers.preprocessing.random_crop src.layers.preprocessing.random_flip "
            "src.layers.preprocessing.random_rotation src.layers.preprocessing.random_translation "
            "src.layers.preprocessing.random_zoom src.layers.preprocessing.resizing "
            "src.layers.preprocessing.tf_data_layer"
        ),
    },
    "numpy": {
        "1.16.6": (
            "_import_tools add_newdocs core.multiarray_tests core.operand_flag_tests "
            "core.struct_ufunc_test core.test_rational distutils.environment"
        ),
        "1.19.5": (
            "core._aliased_types core._dummy core.info distutils.__version__ distutils.compat "
            "distutils.info f2py.info fft.fftpack fft.fftpack_lite fft.info lib.info linalg.info "
            "ma.version random.info"
        ),
        "1.22.4": (
            "core.machar doc.basics doc.broadcasting doc.byteswapping doc.creation doc.dispatch "
            "doc.glossary doc.indexing doc.internals doc.misc doc.structured_arrays "
            "doc.subclassing lib.financial"
        ),
        "1.26.4": (
            "_version compat._inspect core.generate_numpy_api core.setup_common "
            "distutils.__config__ dual f2py.f2py_testing ma.bench typing._add_docstring "
            "typing._array_like typing._char_codes typing._dtype_like typing._extended_precision "
            "typing._generic_alias typing._nbit typing._nested_sequence typing._scalars "
            "typing._shape"
        ),
        "2.0.2": (
            "array_api core._add_newdocs core._add_newdocs_scalars core._asarray core._exceptions "
            "core._machar core._methods core._multiarray_tests core._operand_flag_tests "
            "core._rational_tests core._simd core._string_helpers core._struct_ufunc_tests "
            "core._type_aliases core._ufunc_config core._umath_tests core.cversions core.memmap "
            "core.umath_tests doc fft._pocketfft_internal lib.arraypad lib.arraysetops "
            "lib.arrayterator lib.function_base lib.histograms lib.index_tricks lib.nanfunctions "
            "lib.polynomial lib.shape_base lib.twodim_base lib.type_check lib.ufunclike lib.utils"
        ),
        "2.2.6": ("_pyinstaller.test_pyinstaller"),
        "2.4.0": ("_core._machar compat fft.helper linalg.linalg ma.timer_comparison"),
    },
    "pandas": {
        "0.23.4": (
            "_libs.period compat.openpyxl_compat core.panel4d core.panelnd core.sparse.list "
            "io.data io.formats.common io.wb stats tools.hashing tseries.util util.hashing"
        ),
        "0.25.3": (
            "compat.chainmap_impl computation core.categorical core.config core.datetools "
            "core.panel core.sparse.array formats io.formats.terminal io.json.json "
            "io.json.normalize io.json.table_schema json lib parser plotting._compat "
            "plotting._converter plotting._style plotting._timeseries plotting._tools tools tslib "
            "types util.decorators"
        ),
        "1.0.5": (
            "_libs.skiplist core.arrays.array_ core.internals.arrays core.sparse.frame "
            "core.sparse.scipy_sparse core.sparse.series io.clipboard.clipboards "
            "io.clipboard.exceptions io.clipboard.windows io.msgpack io.packers tseries.converter "
            "tseries.plotting util._move"
        ),
        "1.1.5": (
            "_libs.tslibs.c_timestamp _libs.tslibs.frequencies _libs.tslibs.resolution io.gcs io.s3"
        ),
        "1.3.5": ("core.ops.roperator"),
        "1.5.3": (
            "core.aggregation core.arrays._arrow_utils core.window.indexers util._depr_module"
        ),
        "2.0.3": (
            "compat.chainmap core.describe core.index core.indexes.numeric io.date_converters "
            "io.excel._xlwt plotting._matplotlib.compat"
        ),
        "2.1.4": (
            "_libs.reduction _testing._random core.arrays.arrow.dtype core.arrays.sparse.dtype "
            "core.ops.methods io.formats.latex io.sas._byteswap io.sas._sas util._str_methods"
        ),
        "3.0.0": (
            "compat.compressors core.internals.array_manager core.internals.base "
            "core.reshape.util core.strings.base io.gbq"
        ),
    },
    "scipy": {
        "1.4.1": (
            "fftpack._fftpack interpolate.interpolate_wrapper misc.pilutil ndimage.io "
            "optimize._hungarian"
        ),
        "1.5.4": (
            "_lib._numpy_compat _lib._version _lib.six integrate.quadrature linalg.linalg_version "
            "odr.add_newdocs optimize.nnls special.lambertw stats.vonmises"
        ),
        "1.7.3": ("ndimage._ctest_oldapi optimize._shgo_lib.sobol_seq"),
        "1.8.1": (
            "interpolate.interpnd_info io.harwell_boeing._fortran_format_parser "
            "io.harwell_boeing.hb signal.sigtools sparse.generate_sparsetools "
            "sparse.linalg.dsolve._add_newdocs sparse.linalg.dsolve._superlu "
            "sparse.linalg.dsolve.linsolve sparse.linalg.eigen.arpack sparse.linalg.eigen.lobpcg "
            "sparse.linalg.isolve._gcrotmk sparse.linalg.isolve._iterative "
            "sparse.linalg.isolve.iterative sparse.linalg.isolve.lgmres sparse.linalg.isolve.lsmr "
            "sparse.linalg.isolve.lsqr sparse.linalg.isolve.minres sparse.linalg.isolve.utils"
        ),
        "1.9.3": (
            "_lib._boost_utils _lib._unuran_utils linalg._cython_signature_generator "
            "linalg._generate_pyx misc._doccer optimize._lsap_module sparse._generate_sparsetools "
            "special._generate_pyx stats._bootstrap stats._wilcoxon_data"
        ),
        "1.11.4": (
            "optimize._shgo_lib.triangulation sparse._arrays special._test_round "
            "stats._hypotests_pythran"
        ),
        "1.14.1": (
            "fft._fftlog_multimethods interpolate._interpnd_info linalg._flinalg "
            "linalg._flinalg_py linalg.flinalg optimize.__nnls sparse.linalg._isolve._iterative "
            "stats._boost stats._generate_pyx stats._statlib stats.statlib"
        ),
        "1.16.3": (
            "_lib._finite_differences interpolate._bspl linalg._interpolative "
            "linalg._interpolative_backend misc._common optimize._cobyla optimize._differentiate "
            "optimize._highs optimize._minpack2 optimize._slsqp signal._bsplines signal._spectral "
            "special.libsf_error_state stats._mvn stats._rvs_sampling"
        ),
        "1.17.0": (
            "_lib._threadsafety _lib.decorator integrate._lsoda integrate._test_odeint_banded "
            "io._test_fortran sparse.linalg._eigen.arpack._arpack "
            "sparse.linalg._propack._cpropack sparse.linalg._propack._dpropack "
            "sparse.linalg._propack._spropack sparse.linalg._propack._zpropack"
        ),
    },
    "sklearn": {
        "0.19.2": (
            "externals.odict lda qda utils.sparsetools._graph_tools "
            "utils.sparsetools._graph_validation utils.sparsetools._traversal"
        ),
        "0.20.3": (
            "covariance.outlier_detection cross_validation externals.test_externals_setup "
            "gaussian_process.gaussian_process grid_search learning_curve mixture.dpgmm "
            "mixture.gmm"
        ),
        "0.21.3": (
            "datasets.mlcomp ensemble.voting_classifier externals.funcsigs "
            "externals.joblib._compat externals.joblib._dask externals.joblib._memmapping_reducer "
            "externals.joblib._memory_helpers externals.joblib._multiprocessing_helpers "
            "externals.joblib._parallel_backends externals.joblib._store_backends "
            "externals.joblib.backports externals.joblib.compressor externals.joblib.disk "
            "externals.joblib.executor externals.joblib.externals externals.joblib.format_stack "
            "externals.joblib.func_inspect externals.joblib.hashing externals.joblib.logger "
            "externals.joblib.memory externals.joblib.my_exceptions "
            "externals.joblib.numpy_pickle_compat externals.joblib.numpy_pickle_utils "
            "externals.joblib.parallel externals.joblib.pool linear_model.randomized_l1 "
            "neighbors.approximate utils._scipy_sparse_lsqr_backport utils.arpack utils.bench "
            "utils.sparsetools"
        ),
        "0.22.2.post1": (
            "cluster._hierarchical cluster._k_means datasets._svmlight_format datasets.mldata "
            "decomposition._online_lda ensemble._hist_gradient_boosting.types "
            "feature_extraction._hashing feature_selection.mutual_info_ "
            "gaussian_process.correlation_models gaussian_process.regression_models "
            "preprocessing.base preprocessing.imputation utils._unittest_backport utils.lgamma"
        ),
        "0.23.2": (
            "ensemble.partial_dependence externals._scipy_linalg externals.joblib externals.six "
            "utils.linear_assignment_"
        ),
        "0.24.2": (
            "cluster.affinity_propagation_ cluster.bicluster cluster.birch cluster.dbscan_ "
            "cluster.hierarchical cluster.k_means_ cluster.mean_shift_ cluster.optics_ "
            "cluster.spectral covariance.elliptic_envelope covariance.empirical_covariance_ "
            "covariance.graph_lasso_ covariance.robust_covariance covariance.shrunk_covariance_ "
            "cross_decomposition._cca cross_decomposition.cca_ cross_decomposition.pls_ "
            "datasets.base datasets.california_housing datasets.covtype datasets.kddcup99 "
            "datasets.lfw datasets.olivetti_faces datasets.openml datasets.rcv1 "
            "datasets.samples_generator datasets.species_distributions datasets.svmlight_format "
            "datasets.twenty_newsgroups decomposition.base decomposition.cdnmf_fast "
            "decomposition.dict_learning decomposition.factor_analysis decomposition.fastica_ "
            "decomposition.incremental_pca decomposition.kernel_pca decomposition.nmf "
            "decomposition.online_lda decomposition.online_lda_fast decomposition.pca "
            "decomposition.sparse_pca decomposition.truncated_svd ensemble.bagging ensemble.base "
            "ensemble.forest ensemble.gradient_boosting ensemble.iforest ensemble.voting "
            "ensemble.weight_boosting feature_extraction.dict_vectorizer "
            "feature_extraction.hashing feature_extraction.stop_words feature_selection.base "
            "feature_selection.from_model feature_selection.mutual_info feature_selection.rfe "
            "feature_selection.univariate_selection feature_selection.variance_threshold "
            "gaussian_process.gpc gaussian_process.gpr inspection.partial_dependence "
            "linear_model.base linear_model.bayes linear_model.cd_fast "
            "linear_model.coordinate_descent linear_model.huber linear_model.least_angle "
            "linear_model.logistic linear_model.omp linear_model.passive_aggressive "
            "linear_model.perceptron linear_model.ransac linear_model.ridge linear_model.sag "
            "linear_model.sag_fast linear_model.sgd_fast linear_model.stochastic_gradient "
            "linear_model.theil_sen manifold.isomap manifold.locally_linear manifold.mds "
            "manifold.spectral_embedding_ manifold.t_sne metrics.base metrics.classification "
            "metrics.cluster.bicluster metrics.cluster.expected_mutual_info_fast "
            "metrics.cluster.supervised metrics.cluster.unsupervised metrics.pairwise_fast "
            "metrics.ranking metrics.regression metrics.scorer mixture.base "
            "mixture.bayesian_mixture mixture.gaussian_mixture neighbors.ball_tree neighbors.base "
            "neighbors.classification neighbors.dist_metrics neighbors.graph neighbors.kd_tree "
            "neighbors.kde neighbors.lof neighbors.nca neighbors.nearest_centroid "
            "neighbors.quad_tree neighbors.regression neighbors.typedefs neighbors.unsupervised "
            "neural_network.multilayer_perceptron neural_network.rbm preprocessing.data "
            "preprocessing.label semi_supervised.label_propagation svm.base svm.bounds "
            "svm.classes svm.liblinear svm.libsvm svm.libsvm_sparse tree.export tree.tree "
            "utils.fast_dict utils.mocking utils.seq_dataset utils.weight_vector"
        ),
        "1.0.2": (
            "cluster._k_means_fast externals._pep562 neighbors._dist_metrics neighbors._typedefs "
            "utils.graph_shortest_path"
        ),
        "1.1.3": (
            "ensemble._hist_gradient_boosting._loss ensemble._hist_gradient_boosting.loss "
            "externals._pilutil linear_model._glm.link"
        ),
        "1.2.2": ("externals._numpy_compiler_patch"),
        "1.3.2": (
            "_loss.glm_distribution externals._lobpcg metrics._plot.base "
            "neighbors._distance_metric utils._readonly_array_wrapper"
        ),
        "1.4.2": ("ensemble._gb_losses utils._logistic_sigmoid"),
        "1.7.2": ("utils._joblib"),
        "1.8.0": ("_built_with_meson utils._estimator_html_repr"),
        "1.9.0": ("ensemble._hist_gradient_boosting._bitset"),
    },
}
