"""Which distribution a module belongs to, and whether its classes were looked at."""

from __future__ import annotations

import re
import sys

from modelwarden.artifacts.known.names import words

# Words with capitals, without underscores: so classes are called, and functions are not.
_CLASS = re.compile(r"_?[A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*")
# Top-level module -> name on the package index. The source of these libraries was searched for what
# runs when an object is made or restored (`__new__`, `__setstate__`, `__del__`, `__setitem__`, …):
# classes that run, import, read or write anything there are on the danger list.
LIBRARIES: dict[str, str] = {
    "accelerate": "accelerate",
    "bertopic": "bertopic",
    "catboost": "catboost",
    "category_encoders": "category-encoders",
    "causalml": "causalml",
    "cloudpickle": "cloudpickle",
    "daal4py": "daal4py",
    "dask": "dask",
    "dateutil": "python-dateutil",
    "diffusers": "diffusers",
    "dill": "dill",
    "econml": "econml",
    "feature_engine": "feature-engine",
    "gensim": "gensim",
    "hdbscan": "hdbscan",
    "huggingface_hub": "huggingface-hub",
    "imblearn": "imbalanced-learn",
    "jax": "jax",
    "joblib": "joblib",
    "keras": "keras",
    "lifelines": "lifelines",
    "lightgbm": "lightgbm",
    "lightning": "lightning",
    "mlxtend": "mlxtend",
    "nltk": "nltk",
    "numpy": "numpy",
    "omegaconf": "omegaconf",
    "pandas": "pandas",
    "peft": "peft",
    "pgmpy": "pgmpy",
    "prophet": "prophet",
    "pyarrow": "pyarrow",
    "pyod": "pyod",
    "pytorch_lightning": "pytorch-lightning",
    "pytorch_tabnet": "pytorch-tabnet",
    "pytz": "pytz",
    "river": "river",
    "scipy": "scipy",
    "sentence_transformers": "sentence-transformers",
    "shap": "shap",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "skops": "skops",
    "skorch": "skorch",
    "spacy": "spacy",
    "statsmodels": "statsmodels",
    "thinc": "thinc",
    "timm": "timm",
    "tokenizers": "tokenizers",
    "torch": "torch",
    "torchaudio": "torchaudio",
    "torchvision": "torchvision",
    "transformers": "transformers",
    "tzlocal": "tzlocal",
    "ultralytics": "ultralytics",
    "umap": "umap-learn",
    "xgboost": "xgboost",
}
# Modules whose distribution is known by another name; nobody looked at their classes.
DISTRIBUTIONS: dict[str, str] = {
    "Crypto": "pycryptodome",
    "PIL": "pillow",
    "attr": "attrs",
    "tensorflow": "tensorflow",
    "surprise": "scikit-surprise",
    "sklearn_crfsuite": "sklearn-crfsuite",
    "flair": "flair",
    "autogluon": "autogluon",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "dice_ml": "dice-ml",
    "fastai": "fastai",
    "google": "protobuf",
    "sksurv": "scikit-survival",
    "yaml": "pyyaml",
}
# Top-level modules of the standard library, of this Python and of older ones.
STDLIB: frozenset[str] = sys.stdlib_module_names | words(
    "__builtin__ __builtins__ cPickle cStringIO commands copy_reg StringIO UserDict UserList "
    "UserString sets md5 sha new Queue asynchat asyncore cgi cgitb chunk crypt distutils imghdr "
    "imp lib2to3 mailcap msilib nis nntplib ossaudiodev pipes sndhdr spwd sunau telnetlib uu "
    "xdrlib aifc audioop smtpd test _pyrepl annotationlib compression string thread "
    "dummy_threading _interpreters _xxsubinterpreters"
)
# Modules of the standard library whose classes only hold or compute values: making or storing one
# runs nothing, calling what is not on an allow-list stays unknown.
PLAIN_STDLIB: frozenset[str] = words(
    "__future__ _colorize _opcode_metadata _pylong _suggestions _abc _py_abc _codecs_cn "
    "_codecs_hk _codecs_iso2022 _codecs_jp _codecs_kr _codecs_tw _multibytecodec _bisect _blake2 "
    "_collections_abc _compat_pickle _contextvars _csv _hashlib _heapq _markupbase _md5 _queue "
    "_random _sha1 _sha2 _sha256 _sha3 _sha512 _stat _statistics _string _strptime _struct "
    "_typing _uuid _weakrefset _zoneinfo abc argparse array audioop base64 binascii bisect "
    "builtins calendar cmath codecs collections colorsys copy copyreg dataclasses datetime "
    "decimal difflib email encodings enum errno fnmatch fractions functools graphlib hashlib "
    "heapq hmac html ipaddress itertools json keyword math numbers operator pathlib pprint queue "
    "quopri random re reprlib secrets shlex sre_compile sre_constants sre_parse stat statistics "
    "string stringprep struct textwrap time token types typing unicodedata uuid zlib zoneinfo "
    "UserDict UserList UserString sets md5 sha StringIO"
)


def is_class(module: str, name: str) -> bool:
    """Tell whether a name outside the standard library is that of a class, as Python spells them.

    >>> is_class("sortedcontainers.sorteddict", "SortedDict"), is_class("copyreg", "__newobj__")
    (True, False)
    """
    last = name.rpartition(".")[2]
    return module.partition(".")[0] not in STDLIB and _CLASS.fullmatch(last) is not None


def library_of(module: str) -> tuple[str, bool]:
    """Return the distribution that a module belongs to, and whether its classes were looked at."""
    top = module.partition(".")[0]
    if top in LIBRARIES:
        return LIBRARIES[top], True
    return DISTRIBUTIONS.get(top, top), False
