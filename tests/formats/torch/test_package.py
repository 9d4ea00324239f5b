from modelwarden.formats import Limits, Source
from modelwarden.formats.torch.package import TorchPackage
from modelwarden.formats.zip.reader import read
from torchfiles import package


def test_a_package_names_its_code_and_what_it_imports_from_outside():
    view = read(Source("m.pt", package({"models/net.py": b"import os\n"})), Limits())

    assert isinstance(view, TorchPackage)
    assert view.format == "torch-package"
    assert view.modules == ("package/models/net.py",)
    assert view.externs == ("torch", "collections")
    assert {i.name for i in view.inventory} == {"torch", "collections"}
    assert {c.name for c in view.children if not c.data} == {
        "package/models/model.pkl",
        "package/models/net.py",
    }


def test_an_extern_list_that_is_no_list_of_names_is_opened():
    data = package({".data/extern_modules": b"\x80\x02N."})

    view = read(Source("m.pt", data), Limits())

    assert "package/.data/extern_modules" in [c.name for c in view.children if not c.data]
