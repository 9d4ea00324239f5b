"""Which names in a Keras configuration are Keras's own, and which of those are gadgets."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING

from modelwarden.artifacts.known import Judgement, judge
from modelwarden.artifacts.known.keras_operations import KERAS_OPERATIONS
from modelwarden.core import UseKind

if TYPE_CHECKING:
    from modelwarden.formats.keras.config import KerasObject


class Origin(StrEnum):
    """Where the code behind a name comes from."""

    KERAS = "keras"
    FOREIGN = "foreign"
    DANGEROUS = "dangerous"


_ROOTS = frozenset("keras keras_core keras_cv keras_hub keras_nlp tf_keras".split())
_PREFIXES = ("tensorflow.python.keras.", "tensorflow.keras.", "keras.src.", "keras.api.")
# Parts of Keras whose classes and functions only compute; elsewhere are downloads and switches.
_PARTS = frozenset(
    "activations applications backend bounding_box constraints distribution dtype_policies engine "
    "feature_column initializers layers legacy losses metrics mixed_precision models ops "
    "optimizer_v2 optimizers premade_models quantizers random regularizers tokenizers "
    "samplers".split()
)
# Of these, the parts whose functions only compute; those of others build, convert and load models.
_FUNCTIONS = frozenset(
    "activations applications backend constraints distribution initializers losses metrics ops "
    "quantizers random regularizers".split()
)
_LOADS = re.compile(r"(?:load|save|export|model_from|deserialize|from_)")
# Classes whose construction itself loads code or files of the configuration's choosing.
_GADGETS = frozenset("TorchModuleWrapper JaxLayer FlaxLayer TFSMLayer".split())
_BUILTIN_DANGERS = frozenset(
    "__import__ breakpoint compile delattr eval exec getattr globals input locals open print "
    "setattr vars".split()
)
# What Keras writes for plain Python values and its own helpers.
_VALUES = frozenset(
    "__bytes__ __class__ __ellipsis__ __keras_tensor__ __lambda__ __numpy__ __slice__ __tensor__ "
    "__tuple__ __typespec__ CompositeTensor TensorShape TypeSpec DType NoneType Ellipsis".split()
)
_LAYERS = (
    "Activation ActivityRegularization Add AdditiveAttention AlphaDropout Attention AugMix "
    "AutoContrast Average AveragePooling1D AveragePooling2D AveragePooling3D BatchNormalization "
    "BatchNormalizationV1 BatchNormalizationV2 SyncBatchNormalization Bidirectional "
    "CategoryEncoding CenterCrop ClassMethod Concatenate Conv1D Conv1DTranspose Conv2D "
    "Conv2DTranspose Conv3D Conv3DTranspose ConvLSTM1D ConvLSTM2D ConvLSTM2DCell ConvLSTM3D "
    "Convolution1D Convolution2D Convolution3D Cropping1D Cropping2D Cropping3D CuDNNGRU CuDNNLSTM "
    "CutMix Dense DenseFeatures DepthwiseConv1D DepthwiseConv2D Discretization Dot Dropout ELU "
    "EinsumDense Embedding Equalization Flatten GRU GRUCell GRUV2 GaussianDropout GaussianNoise "
    "GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D GlobalMaxPooling1D "
    "GlobalMaxPooling2D GlobalMaxPooling3D GroupNormalization GroupQueryAttention HashedCrossing "
    "Hashing Highway Identity InputLayer InputSpec IntegerLookup LSTM LSTMCell LSTMV2 Lambda "
    "LayerNormalization LeakyReLU LocallyConnected1D LocallyConnected2D Masking "
    "MaxNumBoundingBoxes "
    "MaxPooling1D MaxPooling2D MaxPooling3D Maximum MaxoutDense MelSpectrogram Merge Minimum MixUp "
    "MultiHeadAttention Multiply Normalization PReLU Permute Pipeline RMSNormalization RNN "
    "RandAugment RandomBrightness RandomColorDegeneration RandomColorJitter RandomContrast "
    "RandomCrop RandomElasticTransform RandomErasing RandomFlip RandomFourierFeatures "
    "RandomGaussianBlur RandomGrayscale RandomHeight RandomHue RandomInvert RandomPerspective "
    "RandomPosterization RandomRotation RandomSaturation RandomSharpness RandomShear "
    "RandomTranslation RandomWidth RandomZoom ReLU RepeatVector Rescaling Reshape Resizing "
    "ReversibleEmbedding STFTSpectrogram SeparableConv1D SeparableConv2D SeparableConvolution1D "
    "SeparableConvolution2D SimpleRNN SimpleRNNCell SlicingOpLambda Softmax Solarization "
    "SpatialDropout1D SpatialDropout2D SpatialDropout3D SpectralNormalization StackedRNNCells "
    "StringLookup Subtract TFOpLambda TensorFlowOpLayer TextVectorization ThresholdedReLU "
    "TimeDistributed UnitNormalization UpSampling1D UpSampling2D UpSampling3D Wrapper "
    "ZeroPadding1D ZeroPadding2D ZeroPadding3D InstanceMethod"
)
_OTHERS = (
    "Functional Model Network Sequential LinearModel WideDeepModel FeatureSpace Cross Feature "
    "Constant GlorotNormal GlorotUniform HeNormal HeUniform IdentityInitializer LecunNormal "
    "LecunUniform Ones Orthogonal RandomNormal RandomUniform TruncatedNormal VarianceScaling Zeros "
    "STFT L1 L2 L1L2 OrthogonalRegularizer MaxNorm MinMaxNorm NonNeg RadialConstraint UnitNorm "
    "Adadelta Adafactor Adagrad Adam AdamW Adamax Ftrl Lamb Lion LossScaleOptimizer "
    "LossScaleOptimizerV1 LossScaleOptimizerV3 Muon Nadam RMSprop SGD TFOptimizer "
    "CosineDecay CosineDecayRestarts ExponentialDecay InverseTimeDecay PiecewiseConstantDecay "
    "PolynomialDecay Policy DTypePolicy DTypePolicyMap FloatDTypePolicy QuantizedDTypePolicy "
    "QuantizedFloat8DTypePolicy PolicyV1 AutoCastVariable AbsMaxQuantizer "
    "AUC Accuracy BinaryAccuracy BinaryCrossentropy BinaryFocalCrossentropy BinaryIoU "
    "CategoricalAccuracy CategoricalCrossentropy CategoricalFocalCrossentropy "
    "CategoricalGeneralizedCrossEntropy CategoricalHinge Circle ConcordanceCorrelation "
    "CosineSimilarity CTC Dice F1Score FBetaScore FalseNegatives FalsePositives Hinge Huber IoU "
    "KLDivergence LogCosh LogCoshError LossFunctionWrapper Mean MeanAbsoluteError "
    "MeanAbsolutePercentageError MeanIoU MeanMetricWrapper MeanRelativeError MeanSquaredError "
    "MeanSquaredLogarithmicError MeanTensor OneHotIoU OneHotMeanIoU PearsonCorrelation Poisson "
    "Precision PrecisionAtRecall R2Score Recall RecallAtPrecision RootMeanSquaredError "
    "SensitivityAtSpecificity SparseCategoricalAccuracy SparseCategoricalCrossentropy "
    "SparseTopKCategoricalAccuracy SpecificityAtSensitivity SquaredHinge Sum SumOverBatchSize "
    "SumOverBatchSizeMetricWrapper TopKCategoricalAccuracy TrueNegatives TruePositives Tversky "
    "CompileMetrics CompileLoss function type"
)
KNOWN_CLASSES = frozenset((*_LAYERS.split(), *_OTHERS.split())) | _VALUES | KERAS_OPERATIONS


def origin_of(thing: KerasObject) -> Origin:
    """Tell where loading would take the class or function of `thing` from."""
    name = thing.class_name
    if name.rpartition(">")[2] in _GADGETS:
        return Origin.DANGEROUS
    if thing.module is not None:
        return _origin_of_module(thing, thing.module)
    package, mark, _ = name.partition(">")
    if mark:
        return (
            Origin.KERAS
            if package in {"Keras", "keras", "keras_hub", "keras_nlp"}
            else (Origin.FOREIGN)
        )
    return Origin.KERAS if name in KNOWN_CLASSES else Origin.FOREIGN


def _origin_of_module(thing: KerasObject, module: str) -> Origin:
    if module == "builtins":
        called = thing.settings.get("", thing.class_name)
        if called in _BUILTIN_DANGERS or thing.class_name in _BUILTIN_DANGERS:
            return Origin.DANGEROUS
        return Origin.FOREIGN if thing.class_name == "function" else Origin.KERAS
    for prefix in _PREFIXES:
        if module.startswith(prefix):
            return _origin_in_keras(thing, module.removeprefix(prefix))
    root, _, rest = module.partition(".")
    if root in _ROOTS:
        return _origin_in_keras(thing, rest)
    called = thing.settings.get("", thing.class_name)
    dangerous = judge(module, called, UseKind.CALLED) is Judgement.DANGEROUS
    return Origin.DANGEROUS if dangerous else Origin.FOREIGN


def _origin_in_keras(thing: KerasObject, rest: str) -> Origin:
    """Judge a name by the part of Keras that it is in."""
    part = rest.removeprefix("src.").partition(".")[0]
    if thing.registered_name and ">" in thing.registered_name:
        package = thing.registered_name.partition(">")[0]
        return Origin.KERAS if package.lower().startswith("keras") else Origin.FOREIGN
    if thing.class_name == "function" and part in _PARTS - _FUNCTIONS:
        called = thing.settings.get("", "")
        return Origin.DANGEROUS if _LOADS.match(called) else Origin.FOREIGN
    if part in _PARTS and thing.class_name[:1].islower() and thing.class_name not in KNOWN_CLASSES:
        # Classes begin with a capital: a function in the place of one is called with the settings.
        return Origin.DANGEROUS if _LOADS.match(thing.class_name) else Origin.FOREIGN
    if part in _PARTS or thing.class_name in KNOWN_CLASSES - {"function", "type"}:
        return Origin.KERAS
    # The package itself (`keras`, `keras.src`) holds only the most used classes.
    return Origin.DANGEROUS if part else Origin.FOREIGN
