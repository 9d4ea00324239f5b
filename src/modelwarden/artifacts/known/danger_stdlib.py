"""The danger list of the standard library, Python 2.7 to 3.14.

Decided module by module: a module that can run a program or code, import, read, write, delete,
connect, or hand out something that can, is listed whole; a module that mostly holds data is not,
and its few dangerous names are listed each. What is neither here nor on an allow-list stays
unknown. `tests/artifacts/known/test_danger.py` checks that every module is decided.
"""

from __future__ import annotations

_RUNS = "runs programs"
_CODE = "runs or makes code"
_IMPORTS = "imports modules or looks up any object by name"
_FILES = "reads, writes or deletes files"
_NETWORK = "connects to the network"
_NATIVE = "reaches native code or raw memory"
_LOADS = "loads another pickle or object store, which runs code of its own"
_LATER = "arranges for code to run later or elsewhere"
_INTERPRETER = "reads or changes the state of the interpreter or the system"
_CALLS = "calls what it is given, or looks up its attributes"

_MODULES: dict[str, str] = {
    _RUNS: (
        "_aix_support _android_support _ios_support _apple_support _wmi _remote_debugging "
        "_bootsubprocess _osx_support _pyrepl antigravity commands crypt curses _crypt _curses "
        "_curses_panel dircache fcntl getpass grp idlelib mailcap msilib msvcrt multifile new os "
        "pipes platform popen2 posixfile pty pwd readline resource spwd subprocess syslog termios "
        "tkinter tty turtle turtledemo webbrowser winreg winsound _winapi _msi _overlapped "
        "_scproxy Tkinter"
    ),
    _CODE: (
        "_interpreters _xxsubinterpreters _xxinterpchannels _interpchannels _interpqueues "
        "_testcapi _testinternalcapi _testmultiphase _testbuffer _ctypes_test _lsprof bdb "
        "cProfile cgi cgitb cmd code codeop compileall compiler concurrent dis distutils doctest "
        "ensurepip hotshot imputil lib2to3 modulefinder opcode pdb profile pstats py_compile "
        "pyclbr pydoc pydoc_data rexec Bastion rlcompleter runpy symtable tabnanny test this "
        "timeit trace unittest user venv zipapp __phello__ parser _symtable _ast ast "
        "annotationlib sre statvfs exceptions"
    ),
    _IMPORTS: (
        "imp ihooks importlib inspect pkgutil site sitecustomize usercustomize sysconfig "
        "_sysconfig zipimport _imp"
    ),
    _FILES: (
        "aifc anydbm bsddb bz2 chunk compression configparser csv dbhash dbm dumbdbm filecmp "
        "fileinput gdbm _gdbm _dbm getopt gettext glob gzip imghdr io linecache logging lzma "
        "mailbox mhlib mimetypes mimetools netrc nturl2path optparse ossaudiodev plistlib "
        "pickletools shutil sndhdr sqlite3 sunau tarfile tempfile tokenize tomllib uu wave "
        "whichdb xdrlib zipfile ConfigParser _compression _tokenize _bz2 _lzma sunaudio"
    ),
    _NETWORK: (
        "asynchat asyncio asyncore ftplib http httplib imaplib nis nntplib poplib robotparser "
        "select selectors smtpd smtplib socket socketserver ssl telnetlib urllib urllib2 urlparse "
        "wsgiref xmlrpc xmlrpclib BaseHTTPServer CGIHTTPServer Cookie Queue SimpleHTTPServer "
        "SimpleXMLRPCServer DocXMLRPCServer SocketServer cookielib gopherlib"
    ),
    _NATIVE: "_posixshmem ctypes dl mmap _rawffi cffi _cffi_backend",
    _LOADS: "pickle marshal shelve",
    _LATER: (
        "_dummy_thread _dummy_threading atexit contextlib contextvars dummy_threading mutex "
        "multiprocessing sched signal threading weakref _threading_local"
    ),
    _INTERPRETER: (
        "faulthandler gc locale sys tracemalloc warnings _tracemalloc _locale _opcode "
        "_sitebuiltins traceback xml pyexpat xmllib htmllib sgmllib _elementtree"
    ),
}
_NAMES: dict[str, tuple[str, ...]] = {
    _CODE: (
        "builtins: eval exec execfile compile __build_class__ breakpoint help exit quit",
        "types: CodeType FunctionType LambdaType new_class prepare_class resolve_bases "
        "DynamicClassAttribute coroutine ModuleType",
        "typing: get_type_hints ForwardRef _eval_type evaluate_forward_ref",
        "dataclasses: make_dataclass _create_fn _FuncBuilder",
    ),
    _IMPORTS: (
        "builtins: __import__ globals locals vars dir __loader__ __spec__ reload __builtins__",
        "encodings: search_function normalize_encoding aliases",
        "codecs: lookup getreader getwriter register unregister lookup_error register_error",
        "copyreg: add_extension remove_extension clear_extension_cache pickle constructor "
        "dispatch_table _extension_registry _inverted_registry _extension_cache",
    ),
    _FILES: (
        "builtins: open file input raw_input",
        "argparse: FileType ArgumentParser",
        "shlex: shlex",
        "base64: main",
        "quopri: main",
        "pathlib: Path.unlink Path.write_text Path.write_bytes Path.read_text Path.read_bytes "
        "Path.open Path.rmdir Path.rename Path.replace Path.touch Path.mkdir Path.chmod Path.glob "
        "Path.symlink_to Path.hardlink_to Path.link_to Path.iterdir Path.rglob Path.walk "
        "Path.copy",
        "codecs: open EncodedFile StreamReaderWriter StreamRecoder StreamReader StreamWriter",
        "hashlib: file_digest",
        "pprint: pprint pp",
        "zoneinfo: reset_tzpath",
        "email: message_from_file message_from_binary_file",
        "array: array.fromfile array.tofile",
    ),
    _CALLS: (
        "builtins: getattr setattr delattr hasattr apply map filter iter reduce super property "
        "classmethod staticmethod memoryview coerce intern buffer",
        "operator: attrgetter methodcaller itemgetter call getitem setitem delitem",
        "functools: reduce cached_property lru_cache cache singledispatch singledispatchmethod "
        "partialmethod wraps update_wrapper total_ordering _lru_cache_wrapper _make_key",
        "itertools: starmap accumulate filterfalse takewhile dropwhile groupby imap ifilter",
        "types: MethodType BuiltinFunctionType BuiltinMethodType MethodWrapperType",
        "enum: _make_class_unpicklable global_enum EnumMeta.__call__",
        "copy: replace _reconstruct",
        "heapq: merge",
        "bisect: bisect insort",
        "string: Formatter",
        "re: sub subn Scanner",
    ),
    _RUNS: (
        "uuid: _get_command_stdout _ifconfig_getter _ip_getter _arp_getter _lanscan_getter "
        "_netstat_getter _ipconfig_getter _popen _find_mac _unix_getnode _windll_getnode getnode "
        "uuid1 _load_system_functions",
        "readline: parse_and_bind",
    ),
    _INTERPRETER: ("cgi: parse", "tracemalloc: start", "builtins: copyright credits license"),
}


def _expand() -> dict[str, str]:
    found = {module: why for why, modules in _MODULES.items() for module in modules.split()}
    for why, groups in _NAMES.items():
        for group in groups:
            module, _, names = group.partition(": ")
            found |= {f"{module}.{name}": why for name in names.split()}
    return found


STDLIB_DANGERS = _expand()
