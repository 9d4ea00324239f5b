"""Classes of other languages that run commands, or load code, when an object of them is read.

Source: the chains of ysoserial, ysoserial.net, PHPGGC, marshalsec and universal Ruby gadgets.
"""

from __future__ import annotations

from collections.abc import Iterable

from modelwarden.core.patterns import lazily

_JAVA = (
    r"org\.apache\.commons\.collections4?\.(?:functors\.(?:Invoker|Chained|Instantiate|Constant)\w*"
    r"|keyvalue\.TiedMapEntry|map\.LazyMap|comparators\.TransformingComparator)",
    r"org\.apache\.commons\.beanutils\.BeanComparator",
    r"(?:com\.sun\.)?org\.apache\.xalan\.(?:internal\.)?xsltc\.trax\.TemplatesImpl",
    r"com\.sun\.rowset\.JdbcRowSetImpl|com\.mchange\.v2\.c3p0\.\w+|net\.sf\.json\.JSONObject",
    r"org\.codehaus\.groovy\.runtime\.(?:Converted|Method)Closure|javax\.script\.ScriptEngineManager",
    r"java\.lang\.(?:ProcessBuilder|Runtime|ProcessImpl)|java\.beans\.(?:XMLDecoder|EventHandler)",
    r"sun\.reflect\.annotation\.AnnotationInvocationHandler",
    r"javax\.management\.BadAttributeValueExpException|javax\.naming\.\w+",
    r"org\.springframework\.(?:beans\.factory\.ObjectFactory|context\.support\.\w+ApplicationContext)",
    r"bsh\.(?:XThis|Interpreter)|org\.python\.core\.Py\w+|org\.mozilla\.javascript\.Native\w+",
    r"java\.rmi\.server\.\w+|com\.(?:sun\.syndication|rometools\.rome)\.feed\.impl\.\w+",
    r"org\.hibernate\.(?:engine|tuple)\.\w+",
)
_DOTNET = (
    r"System\.Windows\.(?:Data\.ObjectDataProvider|Markup\.XamlReader|ResourceDictionary)",
    r"System\.Diagnostics\.Process(?:StartInfo)?|System\.Management\.Automation\.PSObject",
    r"Microsoft\.VisualStudio\.Text\.Formatting\.TextFormattingRunProperties",
    r"System\.Security\.(?:Principal\.WindowsIdentity|Claims\.Claims(?:Identity|Principal))",
    r"System\.Configuration\.Install\.AssemblyInstaller|System\.Data\.DataSet",
    r"System\.Activities\.Presentation\.WorkflowDesigner|System\.Web\.UI\.LosFormatter",
    r"System\.CodeDom\.Compiler\.TempFileCollection|System\.DelegateSerializationHolder",
    r"System\.Windows\.Forms\.BindingSource|System\.IO\.File(?:Info|SystemInfo)",
)
_RUBY = (
    r"Gem::(?:Requirement|Installer|SpecFetcher|StubSpecification|DependencyList)",
    r"Gem::(?:Package|RequestSet|Resolver|Source)(?:::\w+)?",
    r"Net::(?:BufferedIO|WriteAdapter)|ActiveSupport::Deprecation::DeprecatedInstanceVariableProxy",
)
_PHP = (
    r"Illuminate\\(?:Broadcasting|Bus|Support|Validation|Foundation)\\\w+|Monolog\\Handler\\\w+",
    r"GuzzleHttp\\(?:Psr7|Cookie|HandlerStack)|phpseclib3?\\\w+\\\w+|Swift_\w+|Faker\\\w+",
    r"Symfony\\Component\\(?:Cache|Process|Routing|Validator)\\\w+",
    r"Doctrine\\(?:Common|DBAL)\\\w+|yii\\(?:db|rest|base)\\\w+|think\\(?:process|model|console)\\\w+",
    r"CodeIgniter\\\w+\\\w+|PHPUnit\\\w+",
)
_GADGETS = lazily("|".join((*_JAVA, *_DOTNET, *_RUBY, *_PHP)))


def gadget_in(names: Iterable[str]) -> str | None:
    """Return the first name of a class that does harm when an object of it is read.

    >>> gadget_in(["java.util.HashMap", "java.lang.ProcessBuilder"])
    'java.lang.ProcessBuilder'
    """
    # A length that is a letter stands before a name, and is met as its first.
    found = (_GADGETS.search(name.replace("/", ".")) for name in names)
    return next((one[0] for one in found if one), None)


def gadget_of_text(text: str) -> str | None:
    """Return such a name where it stands in a text."""
    found = _GADGETS.search(text)
    return found[0] if found else None
