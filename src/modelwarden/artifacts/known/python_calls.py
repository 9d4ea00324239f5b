"""What a name from outside can do when Python code calls it.

An entry is a dotted path. One that ends in `.` stands for everything below it.
"""

from __future__ import annotations

from enum import Enum
from functools import lru_cache

from modelwarden.artifacts.known.names import spellings


class Can(Enum):
    """What calling a name does."""

    PROGRAM = "starts a program"
    CODE = "evaluates code"
    FILE_CODE = "runs code from a file"
    SEND = "sends to the network"
    NETWORK = "reads from the network"
    UNPICKLE = "loads a pickle"
    NATIVE = "loads native code"
    WRITE = "writes or deletes files"
    HOOK = "changes how Python itself works"


_TABLE: dict[Can, str] = {
    Can.PROGRAM: (
        "ctypes.CDLL().system ctypes.CDLL().execve ctypes.CDLL().popen ctypes.cdll.msvcrt.system "
        "ctypes.cdll.LoadLibrary().system ctypes.PyDLL().system "
        "os.system os.popen os.popen2 os.popen3 os.popen4 os.execl os.execle os.execlp "
        "os.execlpe os.execv os.execve os.execvp os.execvpe os.spawnl os.spawnle os.spawnlp "
        "os.spawnlpe os.spawnv os.spawnve os.spawnvp os.spawnvpe os.posix_spawn os.posix_spawnp "
        "os.startfile subprocess.run subprocess.call subprocess.check_call "
        "subprocess.check_output subprocess.Popen subprocess.getoutput "
        "subprocess.getstatusoutput subprocess.fork_exec subprocess.list2cmdline() pty.spawn "
        "pty.fork commands.getoutput commands.getstatusoutput popen2. platform.popen "
        "asyncio.create_subprocess_exec asyncio.create_subprocess_shell asyncio.subprocess. "
        "distutils.spawn.spawn setuptools._distutils.spawn.spawn sh. plumbum. pexpect.spawn "
        "pexpect.run invoke.run fabric. psutil.Popen IPython.get_ipython().system "
        "IPython.get_ipython().getoutput IPython.get_ipython().getoutput_pexpect "
        "IPython.get_ipython().run_cell_magic IPython.get_ipython().run_line_magic "
        "IPython.get_ipython().system_raw builtins.get_ipython().system "
        "numpy.distutils.exec_command. pip.main pip._internal.main pip._internal.cli.main.main "
        "ensurepip. torch.utils.collect_env.run win32com. _winapi.CreateProcess "
        "multiprocessing.util.spawnv_passfds webbrowser.GenericBrowser().open "
        "webbrowser.BackgroundBrowser().open webbrowser.Konqueror().open"
    ),
    Can.CODE: (
        "builtins.exec builtins.eval builtins.execfile types.FunctionType types.CodeType "
        "code.InteractiveInterpreter code.InteractiveConsole code.interact codeop. "
        "marshal.loads timeit.timeit timeit.Timer cProfile.run profile.run pdb.run "
        "bdb.Bdb().run doctest. _interpreters. interpreters. IPython.get_ipython().run_cell "
        "IPython.embed pydoc.pipepager idlelib. lib2to3. numexpr.evaluate pandas.eval"
    ),
    Can.FILE_CODE: (
        "runpy.run_path runpy.run_module imp.load_source imp.load_module imp.load_dynamic "
        "importlib.machinery.SourceFileLoader importlib.machinery.ExtensionFileLoader "
        "importlib.machinery.SourcelessFileLoader importlib.util.spec_from_file_location "
        "zipimport.zipimporter torch.hub.load torch.ops.load_library "
        "transformers.dynamic_module_utils.get_class_from_dynamic_module site.addsitedir"
    ),
    Can.SEND: (
        "requests.post requests.put requests.patch requests.request requests.delete "
        "requests.Session().post requests.Session().put requests.Session().request "
        "requests.session().post httpx.post httpx.put httpx.patch httpx.request "
        "httpx.Client().post httpx.AsyncClient().post aiohttp.ClientSession().post "
        "aiohttp.request socket.socket().send socket.socket().sendall socket.socket().sendto "
        "socket.create_connection().sendall socket.create_connection().send "
        "http.client.HTTPConnection().request http.client.HTTPSConnection().request smtplib. "
        "ftplib.FTP().storbinary ftplib.FTP().storlines telnetlib. paramiko. "
        "urllib3.PoolManager().request websocket. websockets. xmlrpc.client. "
        "boto3.client().put_object boto3.client().upload_file dns.resolver.resolve"
    ),
    Can.NETWORK: (
        "requests.get requests.head requests.Session().get requests.session().get httpx.get "
        "httpx.stream httpx.Client().get aiohttp.ClientSession().get urllib.request.urlopen "
        "urllib.request.urlretrieve urllib.request.Request urllib.urlopen urllib.urlretrieve "
        "urllib2.urlopen urllib3.PoolManager socket.socket socket.create_connection "
        "socket.create_server socket.gethostbyname socket.getaddrinfo ssl.wrap_socket "
        "http.client.HTTPConnection http.client.HTTPSConnection ftplib.FTP wget.download "
        "pycurl. asyncio.open_connection asyncio.start_server socketserver. "
        "torch.hub.load_state_dict_from_url torch.hub.download_url_to_file "
        "tensorflow.keras.utils.get_file keras.utils.get_file gdown.download"
    ),
    Can.UNPICKLE: (
        "pickle.load pickle.loads pickle.Unpickler dill.load dill.loads cloudpickle.load "
        "cloudpickle.loads joblib.load shelve.open torch.load yaml.load yaml.unsafe_load "
        "yaml.full_load yaml.load_all yaml.unsafe_load_all jsonpickle.decode pandas.read_pickle "
        "mlflow.pyfunc.load_model mlflow.sklearn.load_model mlflow.pytorch.load_model "
        "numpy.load marshal.load sklearn.externals.joblib.load pickle5.load pickle5.loads"
    ),
    Can.NATIVE: (
        "ctypes.CDLL ctypes.PyDLL ctypes.WinDLL ctypes.OleDLL ctypes.cdll. ctypes.windll. "
        "ctypes.pythonapi. ctypes.memmove ctypes.string_at cffi.FFI().dlopen cffi.FFI().verify "
        "torch.utils.cpp_extension.load torch.utils.cpp_extension.load_inline "
        "torch.classes.load_library numpy.ctypeslib.load_library cppyy. "
        "tensorflow.load_op_library tensorflow.load_library"
    ),
    Can.WRITE: (
        "os.remove os.unlink os.rmdir os.removedirs os.rename os.renames os.replace os.chmod "
        "os.chown os.truncate os.symlink os.link os.mkfifo os.write shutil.rmtree shutil.move "
        "shutil.copy shutil.copy2 shutil.copyfile shutil.copytree shutil.unpack_archive "
        "winreg.SetValueEx winreg.SetValue "
        "shutil.chown pathlib.Path().write_text pathlib.Path().write_bytes "
        "pathlib.Path().unlink pathlib.Path().rmdir pathlib.Path().rename pathlib.Path().chmod "
        "pathlib.Path().symlink_to tarfile.open().extractall zipfile.ZipFile().extractall"
    ),
    Can.HOOK: (
        "sys.settrace sys.setprofile sys.addaudithook sys.meta_path.insert sys.meta_path.append "
        "sys.path_hooks.insert sys.path_hooks.append codecs.register builtins.__import__= "
        "signal.setitimer atexit._run_exitfuncs"
    ),
}


def _entries() -> tuple[dict[str, Can], dict[str, Can]]:
    exact: dict[str, Can] = {}
    below: dict[str, Can] = {}
    for can, paths in _TABLE.items():
        for path in paths.split():
            if path.endswith("."):
                below[path[:-1]] = can
            else:
                exact[path] = can
    return exact, below


_EXACT, _BELOW = _entries()
# Functions of libraries that work out the text which they are given, as Python or much like it.
EVALUATORS = frozenset(
    "sympy.sympify sympy.S sympy.parse_expr sympy.parsing.sympy_parser.parse_expr sympy.lambdify "
    "sympy.utilities.lambdify.lambdify sympy.core.sympify.sympify pandas.DataFrame().query "
    "pandas.DataFrame().eval patsy.dmatrix patsy.dmatrices statsmodels.formula.api.ols "
    "statsmodels.formula.api.glm statsmodels.formula.api.logit PIL.ImageMath.eval "
    "PIL.ImageMath.unsafe_eval asteval.Interpreter().eval deap.gp.compile typing.get_type_hints "
    "transformers.tools.python_interpreter.evaluate yaml.unsafe_load numexpr.evaluate".split()
)
_HARMLESS = ("Error", "Exception", "exceptions")
_GATES = frozenset("os subprocess sys builtins __builtins__ ctypes socket pty".split())


@lru_cache(maxsize=16_384)
def ability(path: str) -> Can | None:
    """Return what calling `path` does; None for whatever is not listed.

    >>> ability("posix.system"), ability("os.path.join")
    (<Can.PROGRAM: 'starts a program'>, None)
    """
    module, _, name = path.rpartition(".")
    for home, last in (*spellings(module, name), *_inner(path)):
        spelled = f"{home}.{last}" if home else last
        if spelled in _EXACT:
            return _EXACT[spelled]
        top = spelled
        while top := top.rpartition(".")[0]:
            if top in _BELOW and not spelled.endswith(_HARMLESS):
                return _BELOW[top]
    return None


def _inner(path: str) -> tuple[tuple[str, str], ...]:
    """Return the path from the last module on that no library hands out (`numpy.os.system`)."""
    parts = path.split(".")
    for place in range(len(parts) - 2, 0, -1):
        # `random._os`: a library's own name for what it imported.
        gate = parts[place] if parts[place] in _GATES else parts[place].removeprefix("_")
        if gate in _GATES:
            home = ".".join((gate, *parts[place + 1 : -1]))
            return spellings("builtins" if home == "__builtins__" else home, parts[-1])
    return ()


_FETCHES = frozenset(
    "requests.get requests.post requests.request requests.Session().get requests.session().get "
    "httpx.get httpx.post httpx.Client().get aiohttp.ClientSession().get urllib.request.urlopen "
    "urllib.request.urlretrieve urllib.urlopen urllib.urlretrieve urllib2.urlopen "
    "urllib3.PoolManager().request socket.socket().recv socket.socket().recvfrom "
    "socket.create_connection().recv socket.socket().makefile wget.download gdown.download "
    "http.client.HTTPConnection().getresponse http.client.HTTPSConnection().getresponse "
    "ftplib.FTP().retrbinary xmlrpc.client.ServerProxy dns.resolver.resolve".split()
)
_SECRETS = frozenset(
    "os.environ os.environb os.environ.copy os.environ.items os.environ.values os.environ: "
    "keyring.get_password getpass.getpass pwd.getpwall browser_cookie3.load".split()
)
_TELLING = ("TOKEN", "SECRET", "PASSW", "KEY", "CREDENTIAL")


def may_write(mode: str | None) -> bool:
    """Tell whether a file that is opened in this mode can be changed; None is not known."""
    return mode is not None and any(letter in mode for letter in "wax+")


def fetches(origin: str) -> bool:
    """Tell whether what comes from there was read from the network."""
    return origin in _FETCHES


def tells_secrets(origin: str, *, named: bool = True) -> bool:
    """Tell whether what comes from there may be a secret of whoever runs the code.

    Args:
        origin: one of the flows of a value.
        named: count single variables of the environment whose name speaks of a secret, too.
    """
    from modelwarden.artifacts.known.attacks import SECRET_FILE

    if origin in _SECRETS:
        return True
    kind, colon, name = origin.partition(":")
    if kind == "os.environ":
        return named and any(word in name.upper() for word in _TELLING)
    return bool(colon) and SECRET_FILE.search(name) is not None
