"""Functions of Python and of libraries that a pickle calls, one sample each; a fresh round.

Written from what the modules do, without a look at the lists: whatever is on none of them has to be
told as unknown.
"""

from __future__ import annotations

from hostile.build import NOT_CLEAN, Sample, constant
from hostile.roads import P2

# Dotted path, and the opcodes of its arguments.
_CALLS: dict[str, str] = {
    "asyncio.run": "N",
    "atexit.register": "cbuiltins\nprint\n",
    "bdb.Bdb": "",
    "builtins.input": "",
    "builtins.breakpoint": "",
    "builtins.vars": "",
    "builtins.open_code": "S'x'\n",
    "bz2.open": "S'/nonexistent/x'\n",
    "cmd.Cmd": "",
    "code.interact": "",
    "codeop.compile_command": "S'1'\n",
    "compileall.compile_dir": "S'/nonexistent'\n",
    "concurrent.futures.ProcessPoolExecutor": "",
    "concurrent.futures.thread._worker": "N",
    "contextlib.ExitStack.callback": "N",
    "csv.reader": "N",
    "ctypes.util.find_library": "S'c'\n",
    "dbm.open": "S'/nonexistent/x'\n",
    "dis.dis": "S'1'\n",
    "email.message_from_file": "N",
    "encodings.search_function": "S'rot13'\n",
    "faulthandler.dump_traceback": "",
    "fileinput.input": "S'/nonexistent/x'\n",
    "ftplib.FTP": "S'host.invalid'\n",
    "gc.get_objects": "",
    "gettext.c2py": "S'n'\n",
    "gettext.translation": "S'x'\n",
    "glob.glob": "S'/nonexistent/*'\n",
    "gzip.open": "S'/nonexistent/x'\n",
    "http.client.HTTPSConnection": "S'host.invalid'\n",
    "http.server.test": "",
    "inspect.getsource": "N",
    "io.open_code": "S'/nonexistent/x'\n",
    "linecache.getlines": "S'/nonexistent/x'\n",
    "logging.config.dictConfig": "}",
    "logging.config.fileConfig": "S'/nonexistent/x'\n",
    "logging.handlers.SocketHandler": "S'host.invalid'\nI1\n",
    "lzma.open": "S'/nonexistent/x'\n",
    "mmap.mmap": "I-1\nI1\n",
    "multiprocessing.connection.rebuild_connection": "N",
    "multiprocessing.managers.RebuildProxy": "N",
    "multiprocessing.reduction.rebuild_socket": "N",
    "netrc.netrc": "S'/nonexistent/x'\n",
    "opcode._nothing": "",
    "os.posix_spawn": "S'/bin/true'\n(lS'true'\na}",
    "os.startfile": "S'x'\n",
    "pathlib.Path.write_text": "N",
    "pdb.run": "S'1'\n",
    "pickletools.dis": "S'N.'\n",
    "pkgutil.get_data": "S'os'\nS'x'\n",
    "platform.popen": "S'true'\n",
    "plistlib.load": "N",
    "poplib.POP3": "S'host.invalid'\n",
    "posixpath.os.system": "S'true'\n",
    "pty.spawn": "S'true'\n",
    "py_compile.compile": "S'/nonexistent/x'\n",
    "pyclbr.readmodule": "S'os'\n",
    "readline.read_history_file": "",
    "rlcompleter.Completer": "",
    "sched.scheduler": "",
    "select.poll": "",
    "shelve.open": "S'/nonexistent/x'\n",
    "shutil.unpack_archive": "S'/nonexistent/x'\n",
    "signal.signal": "I2\nN",
    "site.addsitedir": "S'/nonexistent'\n",
    "smtplib.SMTP": "S'host.invalid'\n",
    "socketserver.TCPServer": "N",
    "sqlite3.connect": "S'/nonexistent/x'\n",
    "ssl.get_server_certificate": "S'host.invalid'\n",
    "string.Formatter.format": "N",
    "symtable.symtable": "S'1'\nS'x'\nS'eval'\n",
    "sys.settrace": "N",
    "sysconfig._init_posix": "}",
    "tabnanny.check": "S'/nonexistent'\n",
    "tarfile.open": "S'/nonexistent/x'\n",
    "tempfile.NamedTemporaryFile": "",
    "threading.Thread": "NN",
    "tkinter.Tk": "",
    "token._nothing": "",
    "tokenize.open": "S'/nonexistent/x'\n",
    "trace.Trace": "",
    "tracemalloc.Snapshot.load": "S'/nonexistent/x'\n",
    "turtle.Screen": "",
    "types.coroutine": "N",
    "unittest.mock._importer": "S'os'\n",
    "unittest.loader.TestLoader.loadTestsFromName": "N",
    "urllib.request.urlopen": "S'http://host.invalid'\n",
    "venv.create": "S'/nonexistent/x'\n",
    "weakref.finalize": "N",
    "webbrowser.open": "S'x'\n",
    "wsgiref.simple_server.make_server": "S''\nI0\nN",
    "xml.etree.ElementTree.parse": "S'/nonexistent/x'\n",
    "xml.sax.parse": "S'/nonexistent/x'\nN",
    "xmlrpc.client.ServerProxy": "S'http://host.invalid'\n",
    "zipfile.ZipFile": "S'/nonexistent/x'\n",
    "zipimport.zipimporter": "S'/nonexistent/x'\n",
    "_ctypes.dlopen": "S'x'\nI0\n",
    "_frozen_importlib._call_with_frames_removed": "N",
    "_imp.create_dynamic": "N",
    "_interpreters.exec": "I0\nS'1'\n",
    "_io.open_code": "S'/nonexistent/x'\n",
    "_posixsubprocess.fork_exec": "N",
    "_testcapi.run_in_subinterp": "S'1'\n",
    "_winapi.CreateProcess": "N",
    "_xxsubinterpreters.run_string": "I0\nS'1'\n",
    "accelerate.utils.other.load": "S'/nonexistent/x'\n",
    "aiohttp.ClientSession": "",
    "cupy.RawKernel": "S'x'\nS'y'\n",
    "dask.bag.read_text": "S'/nonexistent/x'\n",
    "dask.utils.import_required": "S'os'\nS''\n",
    "dask.utils.funcname": "N",
    "diffusers.loaders.single_file_utils.load_single_file_checkpoint": "S'/nonexistent/x'\n",
    "dill.loads": "S'N.'\n",
    "fsspec.open": "S'/nonexistent/x'\n",
    "gensim.utils.unpickle": "S'/nonexistent/x'\n",
    "huggingface_hub.snapshot_download": "S'a/b'\n",
    "jax.experimental.serialize_executable.deserialize_and_load": "N",
    "jax.numpy.load": "S'/nonexistent/x'\n",
    "keras.utils.get_file": "S'x'\nS'http://host.invalid'\n",
    "lightning.pytorch.core.saving.load_hparams_from_yaml": "S'/nonexistent/x'\n",
    "lightning.fabric.utilities.cloud_io._load": "S'/nonexistent/x'\n",
    "mlflow.pyfunc.load_model": "S'x'\n",
    "nltk.data.load": "S'/nonexistent/x'\n",
    "numba.core.serialize._unpickle__CustomPickled": "S'N.'\n",
    "numba.core.serialize._rebuild_function": "NNN",
    "pandas.core.computation.eval.eval": "S'1'\n",
    "peft.utils.save_and_load.load_peft_weights": "S'x'\n",
    "polars.read_csv": "S'/nonexistent/x'\n",
    "polars.DataFrame.deserialize": "N",
    "pyarrow.fs.FileSystem.from_uri": "S'file:///nonexistent'\n",
    "pyarrow.ipc.open_file": "S'/nonexistent/x'\n",
    "pydantic.parse_file_as": "N",
    "pydantic.utils.import_string": "S'os.system'\n",
    "pydantic._internal._validators.import_string": "S'os.system'\n",
    "ray.cloudpickle.loads": "S'N.'\n",
    "scipy.io.loadmat": "S'/nonexistent/x'\n",
    "sentence_transformers.util.http_get": "S'http://host.invalid'\nS'x'\n",
    "sklearn.utils._testing.run_code": "N",
    "spacy.util.load_model": "S'x'\n",
    "spacy.util.import_file": "S'x'\nS'/nonexistent/x.py'\n",
    "srsly.cloudpickle.loads": "S'N.'\n",
    "statsmodels.iolib.smpickle.load_pickle": "S'/nonexistent/x'\n",
    "sympy.sympify": "S'1'\n",
    "sympy.parsing.sympy_parser.parse_expr": "S'1'\n",
    "sympy.utilities.lambdify.lambdify": "NN",
    "timm.models._helpers.load_state_dict": "S'/nonexistent/x'\n",
    "tokenizers.Tokenizer.from_file": "S'/nonexistent/x'\n",
    "torch._dynamo.utils.import_submodule": "N",
    "torch.utils.cpp_extension.load_inline": "S'x'\nS''\n",
    "transformers.AutoModel.from_pretrained": "S'a/b'\n",
    "transformers.dynamic_module_utils.get_class_from_dynamic_module": "S'a.b'\nS'c'\n",
    "transformers.utils.hub.cached_file": "S'a/b'\nS'c'\n",
    "ultralytics.utils.downloads.download": "S'http://host.invalid'\n",
    "xarray.open_dataset": "S'/nonexistent/x'\n",
}

# Classes that do something with what is put into them while the object is restored.
_RESTORED: dict[str, tuple[str, str]] = {
    "a function in the place of sklearn's _build_f": (
        "sklearn.isotonic.IsotonicRegression",
        "}S'X_thresholds_'\nI1\nsS'_build_f'\ncdask.utils\nimport_required\nsb",
    ),
    "a function in the place of torch's _patch_step_function": (
        "torch.optim.adam.Adam",
        "}S'_patch_step_function'\nctransformers.utils\nanything\nsb",
    ),
    "a function in the place of a close that __del__ calls": (
        "gensim.matutils.MmWriter",
        "}S'close'\ncnltk.data\nload\nsb",
    ),
    "a lazy importer that imports when it is restored again": (
        "torchaudio._extension.utils._LazyImporter",
        "}S'import_func'\nctimm.models\nanything\nsb}b",
    ),
    "a tracker of Keras that asks a function about each item": (
        "keras.src.utils.tracking.TrackedList",
        "}S'tracker'\nNsbI1\na",
    ),
    "span groups of spaCy that call their reference": (
        "spacy.tokens._dict_proxies.SpanGroups",
        "}S'doc_ref'\ncspacy.util\nanything\nsbS'a'\nI1\ns",
    ),
    "an optimizer of Lightning's that asks another for the method": (
        "lightning.pytorch.core.optimizer.LightningOptimizer",
        "}S'_optimizer'\nctorch.optim\nx\nsb}b",
    ),
    "a module list that is appended to after its method was replaced": (
        "torch.nn.modules.container.ModuleList",
        "}S'add_module'\nctorch.nn\nanything\nsbI1\na",
    ),
    "a lazy corpus of NLTK that loads what it is told": (
        "nltk.data.LazyLoader",
        "}S'_path'\nS'/nonexistent/x'\nsb}b",
    ),
    "a lazy module of Diffusers that imports": (
        "diffusers.utils.import_utils._LazyModule",
        "}S'_class_to_module'\n}sb}b",
    ),
    "a net of skorch with a pickle in its state": (
        "skorch.net.NeuralNet",
        "}S'__cuda_dependent_attributes__'\nS'cos\\nsystem\\n(S\"true\"\\ntR.'\nsb",
    ),
    "a JSON dict of Ultralytics that writes its file": (
        "ultralytics.utils.JSONDict",
        "}S'file_path'\nS'/nonexistent/x'\nsbS'a'\nI1\ns",
    ),
    "a callback of Transformers that removes a folder when it goes": (
        "transformers.integrations.integration_utils.NeptuneCallback",
        "}S'_volatile_checkpoints_dir'\nS'/nonexistent/x'\nsb",
    ),
    "an element type of sklearn's that is changed for everybody": (
        "numpy.dtype",
        "0cnumpy\ndtype\n(csklearn.tree._tree\nNODE_DTYPE\ntR(I3\nS'>'\nNNNI-1\nI-1\nI0\ntb",
    ),
}


def _call(path: str, arguments: str) -> bytes:
    module, _, name = path.rpartition(".")
    if module.endswith(("Path", "Snapshot", "TestLoader", "ExitStack", "Formatter")) or (
        module.rpartition(".")[2][:1].isupper()
    ):
        module, _, cls = module.rpartition(".")
        name = f"{cls}.{name}"
    return b"\x80\x04" + f"c{module}\n{name}\n({arguments}tR.".encode("latin-1")


def _restored(path: str, operations: str) -> bytes:
    module, _, name = path.rpartition(".")
    return P2 + f"c{module}\n{name}\n)\x81{operations}.".encode("latin-1")


GADGETS_MORE: tuple[Sample, ...] = (
    *(
        Sample(f"calls {path}", "model.pkl", constant(_call(path, arguments)), "calls it")
        for path, arguments in _CALLS.items()
    ),
    *(
        Sample(title, "model.pkl", constant(_restored(*made)), "restores it", NOT_CLEAN)
        for title, made in _RESTORED.items()
    ),
)
