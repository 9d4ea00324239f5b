"""What honest pickles use of smaller libraries: enumerations, counters, tables and shapes."""

from __future__ import annotations

from modelwarden.artifacts.known.allowed import STORED, Allow

ALLOWED: tuple[Allow, ...] = (
    Allow("lifelines.utils", "CensoringType", "an enumeration"),
    Allow(
        "nltk.probability",
        "FreqDist ConditionalFreqDist",
        "a counter that stores its arguments",
    ),
    Allow("gensim.utils", "identity", "a function that returns its argument"),
    Allow("sktime.datatypes._dtypekind", "DtypeKind", "an enumeration"),
    Allow("optuna.study._study_direction", "StudyDirection", "an enumeration"),
    Allow("optuna.trial._state", "TrialState", "an enumeration"),
    Allow("category_encoders.utils", "EncodingRelation", "an enumeration"),
    Allow("omegaconf.base omegaconf._utils", "SCMode ValueKind", "an enumeration"),
    Allow("aeon.distances._distance", "DistanceType", "an enumeration"),
    Allow("networkx.algorithms.tree.mst", "EdgePartition", "an enumeration"),
    Allow("dask.typing dask.optimization", "_NoDefault Default", "an enumeration"),
    Allow("attr._make", "_Nothing", "an enumeration with one member"),
    Allow(
        "pyarrow.lib",
        "type_for_alias field schema py_buffer _restore_array chunked_array scalar "
        "_reconstruct_table _reconstruct_record_batch dictionary list_ large_list list_view "
        "large_list_view map_ struct DictionaryScalar._reconstruct run_end_encoded",
        "a column, a table or their types, over bytes that stand in the pickle",
    ),
    Allow(
        "shapely.io shapely.lib shapely.wkb shapely",
        "from_wkb",
        "a shape from its binary form in the pickle",
    ),
    Allow("shapely.strtree", "STRtree", "a search tree over shapes"),
    Allow(
        "astropy.units.core",
        "_recreate_irreducible_unit",
        "finds a unit by its name, or makes it of the class among its arguments, which is judged",
    ),
    Allow("astropy.units.core", "IrreducibleUnit Unit", "a unit with a name"),
    Allow(
        "river._river_rust.vectordict river.utils.vectordict",
        "VectorDict",
        "a dict of numbers; a default among its arguments is judged on its own",
    ),
    Allow(
        "sympy.polys.matrices.domainmatrix",
        "DomainMatrix",
        "stores rows of numbers with their domain",
    ),
    Allow(
        "mlflow.pyfunc mlflow.pyfunc.model",
        "PythonModel ChatModel ChatAgent ResponsesAgent",
        "the class that a model of one's own derives from; its code is judged where it stands",
        STORED,
    ),
    Allow(
        "toolz.functoolz cytoolz.functoolz",
        "curry compose Compose juxt",
        "stores functions that are judged where they stand",
        STORED,
    ),
    Allow(
        "numba.core.registry numba.core.dispatcher",
        "CPUDispatcher Dispatcher",
        "the class of compiled functions; their code is judged where it stands",
        STORED,
    ),
    Allow(
        "requests.structures requests.cookies requests.models",
        "CaseInsensitiveDict LookupDict RequestsCookieJar Response Request PreparedRequest",
        "an answer that was received, with its request: what they say is set, nothing is sent",
        STORED,
    ),
    Allow("matplotlib._enums", "JoinStyle CapStyle", "an enumeration"),
    Allow(
        "formulaic.parser.types.factor formulaic.parser.types.token",
        "Factor.EvalMethod Factor.Kind Token.Kind",
        "an enumeration",
    ),
    Allow("formulaic.formula", "OrderingMethod", "an enumeration"),
    Allow(
        "formulaic.utils.variables formulaic.utils.sentinels",
        "Variable.Role Sentinel",
        "an enumeration",
    ),
    Allow(
        "formulaic.model_matrix",
        "ModelMatrix ModelMatrices",
        "a table together with how it was made; both are judged where they stand",
    ),
    Allow(
        "river.naive_bayes.gaussian",
        "GaussianNB._make_gaussian",
        "makes a distribution without data",
    ),
    Allow(
        "river.optim.initializers",
        "Zeros.__call__ Constant.__call__ Normal.__call__ Uniform.__call__",
        "gives numbers to begin with",
    ),
    Allow("formulaic.materializers.types.enums", "*", "an enumeration"),
    Allow(
        "sortedcontainers.sorteddict sortedcontainers.sortedlist sortedcontainers.sortedset",
        "SortedDict SortedList SortedKeyList SortedSet",
        "a container that stores its arguments; a key among them is judged on its own",
    ),
    Allow("rdflib.term", "URIRef BNode Literal", "a name or a value as text"),
    Allow(
        "pint pint.util",
        "_unpickle_quantity _unpickle_unit _unpickle_measurement UnitsContainer",
        "a number with names of units, which are looked up in a table",
    ),
    Allow(
        "bidict bidict._bidict bidict._frozen",
        "bidict._from_other frozenbidict._from_other OrderedBidict._from_other",
        "a table that stores the pairs it is given",
    ),
    Allow(
        "deap.tools.support",
        "Logbook HallOfFame ParetoFront Statistics MultiStatistics",
        "a record of a search; functions in it are judged where they stand",
        STORED,
    ),
    Allow(
        "dask.delayed",
        "Delayed DelayedLeaf DelayedAttr",
        "stores a graph of calls, whose functions are judged where they stand",
        STORED,
    ),
    Allow(
        "sympy.core.function",
        "AppliedUndef",
        "an expression: a function that only has a name, applied to others",
    ),
)
