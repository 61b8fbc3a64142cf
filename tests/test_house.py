"""The house as DESIGN.md draws it: who may import whom, no circles, small files, a cheap `import spikenet`."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted(
    file for ending in ("*.py", "*.pyi") for room in ("spikenet", "hw") for file in (ROOT / room).rglob(ending)
)

MAY_IMPORT = {  # room of spikenet: the other rooms it may import. Whoever may import a room may import what that may.
    "errors": set(),
    "whole_file": set(),
    "graph": set(),
    "neurons": set(),
    "derive": {"neurons"},
    "kernels": {"derive"},
    "layers": {"graph", "kernels", "neurons"},
    "models": {"layers"},
    "train": {"models", "convert"},  # a saved net of any room is made again
    "convert": {"layers"},
    "network": {"neurons", "layers"},  # `export` lowers a Sequential
    "simulate": {"network", "kernels"},
    "io": {"layers", "network", "simulate"},  # recordings are written, too
    "encode": set(),
    "diagnosis": {"learning"},
    "learning": {"train"},
    "spike_trains": set(),
    "data": set(),
    "plot": {"graph", "neurons"},  # it draws graphs and surrogates; all else comes as arrays and records
}
HW_MAY_IMPORT = {  # likewise of hw, where it stands for rooms and for the single files beside them
    "records": set(),
    "chips": {"records"},
    "kernels": set(),
    "lowering": {"records"},
    "int8": {"lowering"},
    "neurons": {"int8", "kernels"},
    "counting": {"lowering"},
    "metrics": {"counting"},
    "energy": {"counting", "records"},
    "placement": {"kernels", "lowering", "neurons"},
    "limits": {"placement"},
    "place": {"placement", "limits"},
    "check": {"chips", "limits"},
    "saving": set(),
    "programs": {"neurons", "records", "saving"},
    "compilers": {"check", "programs"},
    "compile": {"compilers"},
    "training": {"compilers"},
    "execution": {"energy", "place", "programs"},
    "comparing": {"compile", "execution", "int8"},
    "compare": {"comparing"},
}
FOR_ALL = {"errors", "whole_file"}  # single files beside the rooms, open to each of them
EVERYTHING = {"cli", "__init__", "__main__"}  # the surface: all of spikenet; the command line also hw
LONGEST = 250


def module_name(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(file) for file in FILES}


def room(module: str) -> str:
    """ "graph" of "spikenet.graph.tensor", "__init__" of "spikenet", "hw" of anything in hw."""
    package, *rest = module.split(".")
    return package if package == "hw" else rest[0] if rest else "__init__"


def imports(tree: ast.AST, file: Path, top_level: bool = False) -> set[str]:
    """Modules that a file imports; `from a import b` counts as a.b where that is a module.

    top_level: only those that run when the file is imported, so neither in functions nor for the type checker
    """
    package = module_name(file).split(".")
    if file.stem != "__init__":
        package = package[:-1]
    found: set[str] = set()
    if top_level and file.suffix == ".pyi":
        return set()  # the public names of a room, each loaded when it is first used
    nodes = list(_run_at_import(tree)) if top_level else list(ast.walk(tree))
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            origin = ".".join(part for part in (base, node.module or "") if part)
            for alias in node.names:
                whole = f"{origin}.{alias.name}"
                found.add(whole if whole in MODULES else origin)
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) == "import_module":
            found |= {a.value for a in node.args if isinstance(a, ast.Constant)}
    return found


def _run_at_import(node: ast.AST):
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from _run_at_import(child)


TREES = {file: ast.parse(file.read_text(), str(file)) for file in FILES}


def reachable(name: str, table: dict[str, set[str]] = MAY_IMPORT) -> set[str]:
    allowed = set(table[name])
    for other in table[name]:
        allowed |= reachable(other, table)
    return allowed


def trespasses(importer: str, imported: str) -> bool:
    """Whether one room has no business in another."""
    if imported == importer or imported in FOR_ALL:
        return False
    if importer == "hw":
        return imported in ("cli", "__main__")
    if importer in EVERYTHING:
        return imported == "hw" and importer != "cli"
    return importer not in MAY_IMPORT or imported not in reachable(importer)


def test_imports_point_one_way():
    wrong = [
        f"{file.relative_to(ROOT)} imports {module}"
        for file, tree in TREES.items()
        for module in imports(tree, file)
        if module.split(".")[0] in ("spikenet", "hw") and trespasses(room(module_name(file)), room(module))
    ]
    assert not wrong, "\n".join(wrong)


def test_imports_between_rooms_of_hw_point_one_way():
    wrong = []
    for file, tree in TREES.items():
        importer = module_name(file).split(".")[1:2]
        for module in imports(tree, file) if module_name(file).startswith("hw.") else ():
            package, *rest = module.split(".")
            if package == "hw" and rest[:1] != importer and rest[0] not in reachable(importer[0], HW_MAY_IMPORT):
                wrong.append(f"{file.relative_to(ROOT)} imports {module}")
    assert not wrong, "\n".join(wrong)
    assert "records" not in reachable("kernels", HW_MAY_IMPORT)
    assert "execution" not in reachable("programs", HW_MAY_IMPORT)


def test_rooms_of_hw_are_small():
    for folder in (ROOT / "hw", *(p for p in (ROOT / "hw").iterdir() if p.is_dir())):
        assert len(list(folder.glob("*.py"))) <= 16, folder


def test_the_rule_bites():
    for importer, imported in (
        *(
            ("graph", "neurons"),
            ("neurons", "derive"),
            ("derive", "kernels"),
            ("kernels", "layers"),
            ("kernels", "graph"),
        ),
        *(
            ("layers", "train"),
            ("encode", "graph"),
            ("plot", "layers"),
            ("train", "hw"),
            ("graph", "hw"),
            ("hw", "cli"),
        ),
        *(("graph", "__init__"), ("unheard_of", "graph"), ("whole_file", "graph")),
    ):
        assert trespasses(importer, imported), (importer, imported)
    for importer, imported in (
        ("train", "kernels"),
        ("cli", "hw"),
        ("hw", "train"),
        ("layers", "derive"),
        ("plot", "errors"),
        ("plot", "whole_file"),
    ):
        assert not trespasses(importer, imported), (importer, imported)


def test_imports_are_read_right():
    source = "import numpy as np\nfrom spikenet import graph\nfrom . import tensor\nfrom .index import take\n"
    source += "def f():\n    from spikenet.layers import Linear\nimportlib.import_module('hw')\n"
    source += "if TYPE_CHECKING:\n    from spikenet.train import fit\n"
    file = ROOT / "spikenet/graph/made_up.py"
    tree = ast.parse(source)
    outside = {"numpy", "spikenet.graph", "spikenet.graph.tensor", "spikenet.graph.index", "hw"}
    assert imports(tree, file) == outside | {"spikenet.layers", "spikenet.train"}
    assert imports(tree, file, top_level=True) == outside


def test_no_circles_between_files():
    """Not even among the files of a room: whatever is imported first, nothing is half made."""
    arrows = {module_name(f): {m for m in imports(t, f, top_level=True) if m in MODULES} for f, t in TREES.items()}
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " -> ".join((*path[path.index(module) :], module))
        if module not in done:
            for other in sorted(arrows[module] - {module}):
                visit(other, (*path, module))
            done.add(module)

    for module in sorted(MODULES):
        visit(module, ())


@pytest.mark.parametrize("library", ["matplotlib", "sklearn", "tqdm", "torch", "nest", "brian2", "lava"])
def test_libraries_stay_where_they_belong(library):
    """matplotlib only in plot; peers nowhere; what is slow to load never at import, except for plot's own files."""
    users = {f for f, t in TREES.items() if any(m.split(".")[0] == library for m in imports(t, f))}
    at_import = {f for f, t in TREES.items() if any(m.split(".")[0] == library for m in imports(t, f, top_level=True))}
    in_plot = {f for f in FILES if room(module_name(f)) == "plot"}
    if library == "matplotlib":
        assert users <= in_plot
    elif library in ("sklearn", "tqdm"):
        assert not at_import
    else:
        assert not users
    assert at_import <= in_plot


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(ROOT)))
def test_files_are_small_and_named_for_what_they_hold(file):
    assert len(file.read_text().splitlines()) <= LONGEST, "split it"
    assert file.stem not in ("utils", "util", "base", "common", "helpers", "misc")


def test_no_environment_variables_and_no_fastmath():
    """Settings are arguments. Exceptions: the cache folder, by the platform's convention, and OpenMP's own switch."""
    users = {f.relative_to(ROOT).as_posix() for f in FILES if "environ" in f.read_text() or "getenv" in f.read_text()}
    assert users <= {"spikenet/derive/cache.py", "spikenet/derive/compile.py"}
    for file in FILES:
        calls = [n for n in ast.walk(TREES[file]) if isinstance(n, ast.keyword)]
        assert not any(keyword.arg == "fastmath" for keyword in calls), file


def test_kernels_are_compiled_through_one_door():
    """numba.njit and jit only in derive/compile.py: everything else would go around the cache."""
    for file, tree in TREES.items():
        names = {getattr(n, "attr", getattr(n, "id", None)) for n in ast.walk(tree)}
        if file.relative_to(ROOT).as_posix() != "spikenet/derive/compile.py":
            assert not names & {"njit", "jit", "guvectorize"}, file


def loaded(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


SLOW = ("matplotlib", "sklearn", "tqdm", "scipy.linalg", "scipy.special", "scipy.stats", "hw", "numba.cuda.cudadrv")


@pytest.mark.parametrize("statement", ["import spikenet", "import spikenet as sn; sn.Sequential; sn.Linear; sn.LIF"])
def test_import_is_cheap(statement):
    """What is slow to load is loaded when it is first used."""
    modules = loaded(statement)
    for slow in SLOW:
        assert slow not in modules, slow


def test_import_alone_loads_no_compiler():
    assert "numba" not in loaded("import spikenet")


def test_graph_stands_alone():
    assert not any(
        m.startswith(("numba", "spikenet.neurons", "spikenet.layers")) for m in loaded("import spikenet.graph")
    )


STUBS = [file for file in FILES if file.suffix == ".pyi"]


@pytest.mark.parametrize("stub", STUBS, ids=lambda f: str(f.relative_to(ROOT)))
def test_every_public_name_is_there(stub):
    """A room's list of names is what its stub imports, and each can be loaded, whichever comes first."""
    names = {a.asname or a.name for n in TREES[stub].body if isinstance(n, ast.ImportFrom) for a in n.names}
    room = importlib.import_module(module_name(stub))
    assert names == set(room.__all__)
    (listed,) = (n.value for n in TREES[stub].body if isinstance(n, ast.Assign))
    assert sorted(ast.literal_eval(listed)) == sorted(names)
    for name in names:
        assert getattr(room, name) is not None
