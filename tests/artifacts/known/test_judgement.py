"""Which class a use falls into."""

from __future__ import annotations

import pytest

from modelwarden.artifacts.known import Judgement, judge, ruling
from modelwarden.core import UseKind

CALLED, CONSTRUCTED, REFERENCED = UseKind.CALLED, UseKind.CONSTRUCTED, UseKind.REFERENCED

HARMLESS = """
numpy.core.multiarray:_reconstruct numpy._core.multiarray:_reconstruct numpy:dtype
numpy.core.multiarray:scalar numpy._core.numeric:_frombuffer numpy.ma.core:_mareconstruct
numpy.random._pickle:__generator_ctor numpy.random._pickle:__randomstate_ctor
numpy.random._pickle:__bit_generator_ctor numpy.random.bit_generator:__pyx_unpickle_SeedSequence
copyreg:_reconstructor copy_reg:_reconstructor collections:OrderedDict collections:Counter
torch._utils:_rebuild_tensor_v2 torch._utils:_rebuild_parameter torch:Size torch:device
sklearn.tree._tree:Tree sklearn.tree.tree:Tree sklearn.neighbors._kd_tree:newObj
sklearn._loss._loss:CyHalfBinomialLoss scipy.sparse._csr:csr_matrix scipy.sparse.csr:csr_matrix
pandas.core.internals.managers:BlockManager pandas._libs.internals:_unpickle_block
pandas.core.indexes.base:_new_Index pandas._libs.tslibs.timestamps:_unpickle_timestamp
datetime:datetime _codecs:encode builtins:set builtins:frozenset builtins:bytearray builtins:slice
__builtin__:set __builtin__:xrange __builtin__:unicode builtins:complex builtins:object
uuid:UUID pathlib:PosixPath decimal:Decimal fractions:Fraction array:_array_reconstructor
argparse:Namespace functools:partial _functools:partial io:BytesIO zoneinfo:ZoneInfo._unpickle
"""

DANGEROUS = """
os:system posix:system nt:system posix:execv os:path.os.system subprocess:Popen
_posixsubprocess:fork_exec commands:getoutput popen2:popen3 os:popen2 pty:spawn
builtins:eval builtins:exec builtins:compile builtins:__import__ builtins:open builtins:getattr
builtins:setattr builtins:map builtins:globals __builtin__:eval __builtin__:execfile
__builtin__:apply __builtin__:file __builtin__:reduce __builtins__:eval builtins:__dict__
importlib:import_module importlib._bootstrap:_load runpy:run_path runpy:_run_code
pkgutil:resolve_name imp:load_source zipimport:zipimporter marshal:loads types:CodeType
types:FunctionType types:LambdaType _io:FileIO io:open io:open_code _pyio:open codecs:open
logging:FileHandler logging.config:dictConfig distutils.file_util:write_file
setuptools._distutils.file_util:write_file tempfile:NamedTemporaryFile shutil:rmtree
urllib.request:urlopen urllib2:urlopen http.client:HTTPSConnection httplib:HTTPSConnection
socket:create_connection _socket:socket ssl:get_server_certificate ftplib:FTP smtplib:SMTP
imaplib:IMAP4_stream nntplib:NNTP telnetlib:Telnet xmlrpc.client:ServerProxy webbrowser:open
antigravity:geohash turtle:Turtle asyncio.unix_events:_UnixSubprocessTransport._start
asyncio:create_subprocess_shell multiprocessing.util:spawnv_passfds _thread:start_new_thread
thread:start_new_thread threading:Thread concurrent.futures.thread:_WorkItem atexit:register
signal:signal weakref:finalize sched:scheduler gc:get_objects sys:exit sys:modules
sys:settrace inspect:getattr_static code:InteractiveInterpreter.runcode codeop:compile_command
timeit:timeit cProfile:run profile:Profile.runctx trace:Trace.run doctest:debug_script
bdb:Bdb.run pdb:run pydoc:locate pydoc:pipepager ensurepip:_run_pip venv:create
idlelib.run:Executive.runcode lib2to3.pgen2.grammar:Grammar.loads site:addsitedir
sysconfig:_generate_posix_vars _osx_support:_read_output _aix_support:_read_cmd_output
test.support.script_helper:assert_python_ok _pyrepl.pager:pipe_pager uuid:_get_command_stdout
mailcap:findmatch platform:_syscmd_ver operator:attrgetter _operator:methodcaller
operator:itemgetter functools:reduce _functools:reduce itertools:starmap ctypes:CDLL
_ctypes:dlopen cffi:FFI sqlite3:connect _sqlite3:connect shelve:open dbm.dumb:open
pickle:loads _pickle:loads cPickle:loads pickle:Unpickler dill:loads dill._dill:loads
cloudpickle:loads joblib:load joblib.numpy_pickle:load torch:load torch.serialization:load
numpy:load numpy.lib.npyio:load numpy:memmap numpy:fromfile pandas:read_pickle pandas:read_csv
pandas.io.parsers.readers:read_csv pandas:eval pandas.core.frame:DataFrame.query
numpy.f2py.crackfortran:getlincoef numpy.testing._private.utils:runstring
numpy.core:_ufunc_reconstruct numpy._core:_ufunc_reconstruct
numpy.distutils.exec_command:exec_command
torch.utils.collect_env:run torch.utils.bottleneck.__main__:run_cprofile
torch.jit.unsupported_tensor_ops:execWrapper torch._dynamo.guards:GuardBuilder.get
torch.fx.experimental.symbolic_shapes:ShapeEnv.evaluate_guards_expression
torch.utils._config_module:ConfigModule.load_config torch.hub:load torch.ops:load_library
torch.utils.data.datapipes.utils.decoder:basichandlers torch._inductor.codecache:compile_file
torch.jit:load torch.package:PackageImporter torch.fx.graph_module:reduce_graph_module
torch._tensor:_rebuild_from_type_v2 mlflow.projects.backend.local:_run_entry_point
pip:main pip._internal:main requests:get requests.api:get aiohttp.client:ClientSession
yaml:unsafe_load copyreg:add_extension _interpreters:run_string _xxsubinterpreters:run_string
numpy:__builtins__ numpy:__builtins__.eval module:os.system torch:os.system
torch.serialization:os torch.serialization:os.system sklearn.base:np.load a.b:sys.modules
collections:abc.sys.modules pathlib:os.system random:_os.system x:__class__.__subclasses__
x:y.__globals__ x:f.__code__ keras.layers:Lambda keras.src.layers.core.lambda_layer:Lambda
psutil:Popen PIL.ImageMath:eval PIL.ImageMath:unsafe_eval future.utils:exec_ dill:load_session
pydantic.utils:import_string nltk:download
jinja2:Template numba:njit readline:parse_and_bind warnings:sys.modules
"""


def split(name: str) -> tuple[str, str]:
    module, _, attribute = name.partition(":")
    return module, attribute


@pytest.mark.parametrize("name", HARMLESS.split())
def test_what_formats_are_made_of_may_be_called(name: str):
    assert judge(*split(name), CALLED) is Judgement.HARMLESS


@pytest.mark.parametrize("name", DANGEROUS.split())
def test_what_can_run_read_write_or_connect_is_dangerous_however_it_is_used(name: str):
    for kind in UseKind:
        found = judge(*split(name), kind)
        if kind is CALLED or name not in {"operator:itemgetter"}:
            assert found is Judgement.DANGEROUS, kind


def test_making_an_instance_of_a_known_library_needs_its_code():
    found = ruling("sklearn.svm._classes", "SVC", CONSTRUCTED)

    assert found.judgement is Judgement.NEEDS_CODE
    assert found.package == "scikit-learn"


def test_calling_a_function_of_a_known_library_is_unknown():
    found = ruling("sklearn.utils.validation", "check_array", CALLED)

    assert found.judgement is Judgement.UNKNOWN
    assert found.known


@pytest.mark.parametrize("kind", list(UseKind))
@pytest.mark.parametrize("module", ["somebody.models", "__main__", ""])
def test_an_unknown_package_is_unknown_however_it_is_used(module: str, kind: UseKind):
    found = ruling(module, "Net", kind)

    assert found.judgement is Judgement.UNKNOWN
    assert not found.known


def test_calling_what_nobody_looked_at_in_the_standard_library_is_unknown():
    assert judge("statistics", "mean", CALLED) is Judgement.UNKNOWN
    assert judge("statistics", "NormalDist", CONSTRUCTED) is Judgement.HARMLESS


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("__builtin__:eval", "builtins:eval"),
        ("posix:system", "nt:system"),
        ("cPickle:loads", "_pickle:loads"),
        ("copy_reg:_reconstructor", "copyreg:_reconstructor"),
        ("numpy.core.multiarray:scalar", "numpy._core.multiarray:scalar"),
        ("__builtin__:unicode", "builtins:str"),
        ("_io:BytesIO", "io:BytesIO"),
        ("keras.src.models.sequential:Sequential", "keras.models.sequential:Sequential"),
        ("sklearn.externals.joblib.numpy_pickle:load", "joblib.numpy_pickle:load"),
    ],
)
def test_spellings_of_one_thing_fall_into_one_class(one: str, other: str):
    for kind in UseKind:
        assert judge(*split(one), kind) is judge(*split(other), kind)


def test_an_answer_that_was_received_is_kept_and_a_request_that_is_sent_is_not():
    for module, name in (("models", "Response"), ("cookies", "RequestsCookieJar")):
        kept = judge(f"requests.{module}", name, UseKind.CONSTRUCTED)
        assert kept is Judgement.HARMLESS
    assert judge("requests.api", "get", UseKind.CALLED) is Judgement.DANGEROUS
    assert judge("requests.sessions", "Session", UseKind.CONSTRUCTED) is Judgement.DANGEROUS
