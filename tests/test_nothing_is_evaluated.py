"""Nothing that is read is ever unpickled or run: the source has no call that could."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "cytoproc"
MODULES = sorted(PACKAGE.rglob("*.py"))

RUNS_DATA = {"eval", "exec", "compile", "__import__", "execfile"}
UNPICKLES = {"pickle", "_pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "jsonpickle"}
BY_ATTRIBUTE = {
    "numpy": {"load", "save", "fromregex"},
    "np": {"load", "save"},
    "pandas": {"read_pickle", "eval", "read_hdf"},
    "pd": {"read_pickle", "eval", "read_hdf"},
    "yaml": {"load", "full_load", "unsafe_load", "load_all"},
    "os": {"system", "popen", "execv", "execvp", "spawnl"},
    "importlib": {"import_module"},
    "code": {"interact", "InteractiveInterpreter"},
    "etree": {"parse", "iterparse", "XSLT"},
}
BY_ANY_OBJECT = {"query", "read_pickle", "to_pickle"}
XML_READER = PACKAGE / "interop/xml.py"
LAZY_NAMES = PACKAGE / "__init__.py"
A_TEST_OF_PLUGINS = PACKAGE / "testing/transforms.py"


def findings(source):
    """Return each line of a module that could run or unpickle data."""
    return [f"{node.lineno}: {told}" for node in ast.walk(ast.parse(source)) if (told := dangerous(node))]


def dangerous(node):
    match node:
        case ast.Call(func=ast.Name(id=name)) if name in RUNS_DATA:
            return f"{name}()"
        case ast.Call(func=ast.Attribute(value=ast.Name(id=module), attr=name)) if name in BY_ATTRIBUTE.get(module, ()):
            return f"{module}.{name}()"
        case ast.Call(func=ast.Attribute(attr=name)) if name in BY_ANY_OBJECT:
            return f".{name}()"
        case ast.Import(names=names) if found := [n.name for n in names if n.name.split(".")[0] in UNPICKLES]:
            return f"import {found[0]}"
        case ast.ImportFrom(module=str(module)) if module.split(".")[0] in UNPICKLES:
            return f"from {module}"
        case ast.keyword(arg="allow_pickle" | "shell", value=ast.Constant(value=value)) if value is not False:
            return "allow_pickle or shell"
        case ast.keyword(arg="allow_pickle" | "shell", value=value) if not isinstance(value, ast.Constant):
            return "allow_pickle or shell"
        case ast.Call(func=ast.Name(id="YAML"), keywords=keywords) if "unsafe" in kinds(keywords):
            return "YAML(typ='unsafe')"
    return ""


def kinds(keywords):
    return [k.value.value for k in keywords if k.arg == "typ" and isinstance(k.value, ast.Constant)]


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_no_module_unpickles_or_runs_what_it_reads(path):
    found = findings(path.read_text(encoding="utf-8"))

    if path == LAZY_NAMES:  # names of ours alone, from a table in the module
        found = [f for f in found if "import_module" not in f]
    if path == A_TEST_OF_PLUGINS:  # what it has pickled itself
        found = [f for f in found if "pickle" not in f]
    assert found == []


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_xml_is_parsed_in_one_place(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    parsers = {
        node.func.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"fromstring", "XMLParser", "ParserCreate", "iterparse", "XMLPullParser"}
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in {"etree", "expat", "ElementTree", "ET", "minidom"}
    }

    assert parsers <= ({"fromstring", "XMLParser", "ParserCreate"} if path == XML_READER else set())


@pytest.mark.parametrize(
    "line",
    [
        "eval('1')",
        "exec(text)",
        "__import__(name)",
        "import pickle",
        "from joblib import load",
        "import marshal, os",
        "np.load(path)",
        "np.fromfile(path, allow_pickle=True)",
        "f(allow_pickle=wanted)",
        "pd.read_pickle(path)",
        "frame.query(text)",
        "yaml.load(text)",
        "YAML(typ='unsafe')",
        "os.system(text)",
        "subprocess.run(text, shell=True)",
        "importlib.import_module(name)",
        "etree.parse(path)",
    ],
)
def test_each_way_of_running_data_would_be_found(line):
    assert findings(line)


def test_what_is_harmless_is_not_found():
    assert (
        findings("re.compile(x); json.loads(x); f(allow_pickle=False); YAML(typ='rt'); import pickletools_of_ours")
        == []
    )
