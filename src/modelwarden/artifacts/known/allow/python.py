"""What honest pickles use of Python itself: plain types and the standard library's data types."""

from __future__ import annotations

from modelwarden.artifacts.known.allowed import STORED, Allow

ALLOWED: tuple[Allow, ...] = (
    Allow(
        "builtins",
        "set frozenset bytearray bytes str int float complex bool list dict tuple slice range "
        "xrange unicode long basestring object enumerate zip reversed",
        "makes a plain value and runs only built-in code",
    ),
    Allow(
        "builtins",
        "NoneType Ellipsis NotImplemented ellipsis",
        "a constant of the language",
    ),
    Allow(
        "builtins",
        "type abs all any bin chr divmod hash hex id isinstance issubclass len max min oct ord "
        "pow repr round sorted sum ascii format next iter property classmethod staticmethod "
        "memoryview",
        "stored for later use, not called while loading",
        STORED,
    ),
    Allow(
        "builtins",
        "*Error *Exception *Warning Exception BaseException StopIteration KeyboardInterrupt "
        "GeneratorExit SystemExit",
        "an exception object holds its arguments; making one does not raise it",
    ),
    Allow(
        "copyreg",
        "_reconstructor __newobj__ __newobj_ex__",
        "makes an instance of the class among its arguments, which is judged on its own",
    ),
    Allow(
        "codecs",
        "encode",
        "turns text back into the bytes it stands for (how protocols 0 to 2 write bytes)",
    ),
    Allow(
        "collections",
        "OrderedDict Counter defaultdict deque ChainMap UserDict UserList UserString",
        "a container that stores its arguments",
    ),
    Allow("UserDict", "UserDict IterableUserDict", "a container that stores its arguments"),
    Allow("UserList", "UserList", "a container that stores its arguments"),
    Allow(
        "datetime",
        "datetime date time timedelta timezone tzinfo _create_timezone",
        "a moment or a span of time",
    ),
    Allow("zoneinfo", "ZoneInfo ZoneInfo._unpickle", "a time zone, by a name that is checked"),
    Allow("time", "struct_time", "a tuple of integers"),
    Allow(
        "random",
        "Random.betavariate Random.expovariate Random.gammavariate Random.gauss "
        "Random.lognormvariate Random.normalvariate Random.paretovariate "
        "Random.randint Random.random Random.randrange Random.triangular Random.uniform "
        "Random.vonmisesvariate Random.weibullvariate",
        "draws a number",
    ),
    Allow("decimal", "Decimal Context DecimalTuple", "a number or its settings"),
    Allow("fractions", "Fraction", "a number"),
    Allow("numbers", "*", "abstract classes of numbers", STORED),
    Allow("uuid", "UUID SafeUUID", "an identifier held as an integer"),
    Allow(
        "pathlib",
        "PurePath PurePosixPath PureWindowsPath Path PosixPath WindowsPath",
        "a path as text; making one does not touch the file system",
    ),
    Allow(
        "pathlib._local",
        "PurePath PurePosixPath PureWindowsPath Path PosixPath WindowsPath",
        "a path as text; making one does not touch the file system",
    ),
    Allow(
        "ipaddress",
        "IPv4Address IPv4Network IPv4Interface IPv6Address IPv6Network IPv6Interface",
        "an address as a number",
    ),
    Allow("array", "array _array_reconstructor", "an array of numbers from bytes"),
    Allow("random", "Random", "a generator of pseudo-random numbers with its state"),
    Allow("types", "SimpleNamespace MappingProxyType", "holds attributes"),
    Allow("types", "NoneType EllipsisType NotImplementedType GenericAlias", "a plain type"),
    Allow("argparse", "Namespace", "holds attributes"),
    Allow("optparse", "Values", "holds attributes"),
    Allow("functools", "partial", "stores a callable and arguments; what calls it is judged there"),
    Allow("contextlib", "nullcontext", "does nothing", STORED),
    Allow("re", "_compile compile Pattern RegexFlag", "compiles a regular expression"),
    Allow("io", "BytesIO StringIO", "bytes or text in memory"),
    Allow("StringIO", "StringIO", "text in memory"),
    Allow("logging", "getLogger Logger RootLogger", "finds a logger by name; sets no handler"),
    Allow("operator", "itemgetter", "stores the keys to be looked up", STORED),
    Allow("enum", "Enum IntEnum Flag IntFlag StrEnum", "the base of enumerations", STORED),
    Allow(
        "enum",
        "Enum.__new__ Enum.__repr__ Enum.__str__ Enum.__format__",
        "finds a member by its value, or tells it",
        STORED,
    ),
    Allow(
        "builtins",
        "object.__new__ int.__new__ str.__new__ float.__new__ bytes.__new__ object.__repr__ "
        "int.__repr__ str.__repr__ float.__repr__ bytes.__repr__ int.__format__ str.__format__",
        "makes a plain value or tells it; enumerations store it",
        STORED,
    ),
    Allow("threading", "Lock RLock", "a lock that nobody holds"),
    Allow("weakref", "WeakKeyDictionary WeakValueDictionary WeakSet", "a container", STORED),
    Allow(
        "typing collections.abc abc",
        "*",
        "names of types; nothing is evaluated while loading",
        STORED,
    ),
    Allow(
        "dataclasses", "_HAS_DEFAULT_FACTORY_CLASS Field _MISSING_TYPE MISSING", "a marker", STORED
    ),
    Allow(
        "dateutil.tz.tz",
        "tzutc tzoffset tzfile tzlocal tzutc.instance _datetime_to_timestamp",
        "a time zone without reading files",
        STORED,
    ),
    Allow("dateutil.tz.tz", "tzutc tzoffset", "a time zone that is given by its offset"),
    Allow("dateutil.zoneinfo", "gettz", "a time zone from the package's own table", STORED),
    Allow("dateutil.relativedelta", "relativedelta weekday", "a span of time"),
    Allow(
        "posixpath ntpath genericpath os.path",
        "join basename dirname split splitext splitdrive normpath normcase isabs commonprefix "
        "commonpath sep",
        "works on the text of a path",
        STORED,
    ),
    Allow("os", "PathLike fspath sep linesep", "a type or a text", STORED),
    Allow(
        "os", "stat_result terminal_size times_result uname_result statvfs_result", "named numbers"
    ),
    Allow("platform", "uname_result", "named texts"),
    Allow("resource", "struct_rusage", "named numbers"),
    Allow("sys", "version_info float_info", "named numbers", STORED),
    Allow(
        "urllib.parse",
        "ParseResult ParseResultBytes SplitResult SplitResultBytes DefragResult DefragResultBytes",
        "the parts of an address as texts",
    ),
    Allow(
        "urllib.parse",
        "quote unquote quote_plus unquote_plus urlencode urlparse urlsplit urljoin",
        "works on the text of an address",
        STORED,
    ),
    Allow("copy", "copy deepcopy", "copies what it is given, when somebody calls it", STORED),
    Allow("http", "HTTPStatus HTTPMethod", "an enumeration"),
    Allow("socket", "AddressFamily SocketKind MsgFlag AddressInfo", "an enumeration"),
    Allow("signal", "Signals Handlers Sigmasks", "an enumeration"),
    Allow("ssl", "TLSVersion VerifyMode VerifyFlags Options Purpose", "an enumeration"),
    Allow("calendar", "Month Day", "an enumeration"),
    Allow("plistlib", "PlistFormat UID", "an enumeration, or a number"),
    Allow(
        "inspect",
        "Signature Parameter BoundArguments _ParameterKind _empty Signature.empty Parameter.empty",
        "names and kinds of the parameters of a function",
    ),
    Allow(
        "itertools",
        "count repeat chain cycle islice product permutations combinations compress "
        "combinations_with_replacement zip_longest pairwise",
        "steps through its arguments and calls none of them",
    ),
    Allow("statistics", "NormalDist", "two numbers"),
    Allow("string", "Template", "holds a text"),
    Allow("textwrap", "TextWrapper", "settings of a layout"),
    Allow(
        "logging",
        "LogRecord Formatter Filter PercentStyle StrFormatStyle StringTemplateStyle",
        "a message, or how messages are written",
        STORED,
    ),
    Allow(
        "subprocess", "CompletedProcess", "the result of a command that has run, as text", STORED
    ),
    Allow(
        "subprocess",
        "CalledProcessError TimeoutExpired SubprocessError",
        "an exception object holds its arguments; making one does not raise it",
    ),
    Allow(
        "asyncio.exceptions concurrent.futures._base socket json.decoder queue urllib.error "
        "zipfile tarfile sqlite3 xml.parsers.expat xml.etree.ElementTree ssl http.client lzma zlib "
        "multiprocessing.context configparser pickle struct shutil subprocess email.errors",
        "CancelledError TimeoutError InvalidStateError BrokenExecutor timeout gaierror herror "
        "JSONDecodeError Empty Full URLError BadZipFile TarError ReadError Error DatabaseError "
        "OperationalError IntegrityError ParseError SSLError HTTPException BadStatusLine LZMAError "
        "error NoSectionError NoOptionError PicklingError UnpicklingError PickleError "
        "SameFileError",
        "an exception object holds its arguments; making one does not raise it",
    ),
    Allow(
        "xml.etree.ElementTree _elementtree", "Element", "a node of a document, in memory", STORED
    ),
    Allow("http.cookies", "SimpleCookie Morsel", "names with values"),
    Allow("http.cookiejar", "CookieJar Cookie DefaultCookiePolicy", "names with values", STORED),
    Allow("traceback", "FrameSummary StackSummary TracebackException", "lines of a trace", STORED),
    Allow("zipfile", "ZipInfo", "an entry of an archive's directory", STORED),
    Allow("tarfile", "TarInfo", "an entry of an archive", STORED),
    Allow("contextlib", "suppress", "holds types of exceptions", STORED),
    Allow("pytz", "_UTC _p timezone FixedOffset utc", "a time zone by its name or offset"),
    Allow("pytz.tzinfo", "unpickler", "a time zone by its name"),
)
