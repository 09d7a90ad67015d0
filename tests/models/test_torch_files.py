"""Files of PyTorch: exported programs and checkpoints are read, and nothing in them is ever run."""

import pickle
import zipfile

import numpy as np
import pytest

from spikeloom.models.errors import UnsupportedModelError, UsageError
from spikeloom.models.execution.forward import forward

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from torch import nn  # noqa: E402

from spikeloom.models.readers.torch import read_checkpoint, read_exported, read_module  # noqa: E402


def network():
    """Named by the tests as an architecture."""
    return nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 2))


def test_exported_programs(tmp_path):
    module, path = network().eval(), tmp_path / "net.pt2"
    batch = torch.export.Dim("batch", min=2)
    torch.export.save(torch.export.export(module, (torch.rand(3, 6),), dynamic_shapes=({0: batch},)), path)
    graph = read_exported(path)
    x = torch.rand(4, 6)
    np.testing.assert_allclose(forward(graph, x.numpy())["output"], module(x).detach().numpy(), rtol=1e-5, atol=1e-6)
    assert graph.name == "net"


class Bomb:
    """Writes a file when unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.mark.parametrize("member", ["data/sample_inputs/model.pt", "data/constants/opaque_obj_0"])
def test_a_pickle_in_an_exported_program_is_not_run(tmp_path, member):
    path, trap = tmp_path / "net.pt2", tmp_path / "trap"
    torch.export.save(torch.export.export(network(), (torch.rand(3, 6),)), path)
    torch.save((Bomb(trap),), tmp_path / "bomb.pt")
    with zipfile.ZipFile(path) as old:
        members = {name: old.read(name) for name in old.namelist()}
    root = next(iter(members)).split("/", 1)[0]
    members[f"{root}/{member}"] = (tmp_path / "bomb.pt").read_bytes()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as new:
        for name, content in members.items():
            new.writestr(name, content)
    with pytest.raises(UnsupportedModelError, match=member):
        read_exported(path)
    assert not trap.exists()


@pytest.mark.parametrize(("old", "new"), [
    ("torch.ops.aten.linear.default", "torch.hub.load"),
    ('"as_int": 1}', '"as_expr": {"expr_str": "__import__(\'os\').getpid()", "hint": null}}'),
])  # fmt: skip
def test_a_program_may_only_call_operators_of_pytorch(tmp_path, old, new):
    path = tmp_path / "net.pt2"
    torch.export.save(torch.export.export(network(), (torch.rand(3, 6),)), path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            if name.endswith("models/model.json"):
                changed = content.decode().replace(old, new, 1)
                assert changed != content.decode()
                content = changed.encode()
            archive.writestr(name, content)
    with pytest.raises(UnsupportedModelError, match=r"hub\.load|no plain expression"):
        read_exported(path)


def architecture(tmp_path):
    file = tmp_path / "nets.py"
    file.write_text(
        "from torch import nn\n"
        "def network():\n    return nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 2))\n"
        "class Other(nn.Module):\n"
        "    def __init__(self):\n        super().__init__()\n        self.fc = nn.Linear(6, 4)\n"
    )
    return file


@pytest.mark.parametrize("wrap", [
    lambda state: state,
    lambda state: {"model_state_dict": state, "epoch": 3, "optimizer": {"lr": 0.1}},
    lambda state: {"state_dict": {f"model.{name}": value for name, value in state.items()}},
    lambda state: {"net": {f"module.{name}": value for name, value in state.items()}},
])  # fmt: skip
def test_checkpoints(tmp_path, wrap):
    module = network()
    torch.save(wrap(module.state_dict()), tmp_path / "weights.pt")
    graph = read_checkpoint(tmp_path / "weights.pt", f"{architecture(tmp_path)}:network", (1, 6))
    x = torch.rand(3, 6)
    np.testing.assert_allclose(forward(graph, x.numpy())["output"], module(x).detach().numpy(), rtol=1e-5, atol=1e-6)


def test_a_checkpoint_alone_says_what_it_holds_and_what_is_wanted(tmp_path):
    torch.save(network().state_dict(), tmp_path / "weights.pt")
    with pytest.raises(
        UnsupportedModelError, match=r"--architecture FILE.py:NAME --input-shape 1,28,28(?s:.*)2.weight \(2, 5\)"
    ):
        read_checkpoint(tmp_path / "weights.pt", None, None)


def test_weights_of_another_network_are_all_listed(tmp_path):
    torch.save(network().state_dict(), tmp_path / "weights.pt")
    with pytest.raises(UnsupportedModelError) as caught:
        read_checkpoint(tmp_path / "weights.pt", f"{architecture(tmp_path)}:Other", (1, 6))
    for line in ("missing in the file: fc.weight", "not in the module: 0.weight", "not in the module: 2.bias"):
        assert line in str(caught.value)


@pytest.mark.parametrize("write", [torch.save, lambda value, path: path.write_bytes(pickle.dumps(value))])
def test_a_malicious_checkpoint_is_refused_and_not_run(tmp_path, write):
    trap = tmp_path / "trap"
    write({"state_dict": Bomb(trap)}, tmp_path / "evil.pt")
    with pytest.raises(UnsupportedModelError, match=r"wants more than weights \((_?io)\.open\)"):
        read_checkpoint(tmp_path / "evil.pt", f"{architecture(tmp_path)}:network", (1, 6))
    assert not trap.exists()


def test_a_whole_module_is_refused_by_name(tmp_path):
    torch.save(network(), tmp_path / "module.pt")
    with pytest.raises(UnsupportedModelError, match=r"torch.nn.modules.container.Sequential.*state_dict"):
        read_checkpoint(tmp_path / "module.pt", None, None)


def test_torchscript_is_refused(tmp_path):
    script = torch.jit.trace(network(), torch.rand(1, 6))
    script.save(tmp_path / "script.pt")
    for read in (lambda path: read_checkpoint(path, None, None), read_exported):
        with pytest.raises(UnsupportedModelError, match=r"TorchScript.*torch\.export"):
            read(tmp_path / "script.pt")
    with pytest.raises(UnsupportedModelError, match="TorchScript"):
        read_module(script, torch.rand(1, 6))


@pytest.mark.parametrize(("name", "because"), [
    ("nets.py:nothing", "has no 'nothing'"), ("missing.py:network", "no file"), ("nets.py", "names no network"),
    ("no_such_package:network", "cannot be imported"),
])  # fmt: skip
def test_an_architecture_that_cannot_be_made(tmp_path, name, because, monkeypatch):
    architecture(tmp_path)
    monkeypatch.chdir(tmp_path)
    torch.save(network().state_dict(), tmp_path / "weights.pt")
    with pytest.raises(UsageError, match=because):
        read_checkpoint(tmp_path / "weights.pt", name, (1, 6))


@pytest.mark.parametrize(("content", "because"), [
    (b"", "is empty"), (b"hello text", "no file that torch.save wrote|no exported program"),
    (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
    (b"\x89HDF\r\n\x1a\n" + bytes(200), "no file that torch.save wrote|no exported program"),
    (b"PK\x03\x04" + bytes(200), "no file that torch.save wrote|no exported program"),
])  # fmt: skip
def test_other_files_are_refused_in_one_line_without_the_advice_of_pytorch(tmp_path, content, because):
    path = tmp_path / "weights.pt"
    path.write_bytes(content)
    for read in (lambda path: read_checkpoint(path, None, None), read_exported):
        with pytest.raises(UnsupportedModelError, match=because) as caught:
            read(path)
        assert "weights_only" not in str(caught.value) and "\n" not in str(caught.value)


def test_a_truncated_checkpoint_is_called_so(tmp_path):
    torch.save({"weight": torch.zeros(5000)}, tmp_path / "weights.pt")
    (tmp_path / "weights.pt").write_bytes((tmp_path / "weights.pt").read_bytes()[:8000])
    with pytest.raises(UnsupportedModelError, match="truncated or damaged"):
        read_checkpoint(tmp_path / "weights.pt", None, None)


@pytest.mark.parametrize(("change", "because"), [
    (lambda value: value * float("nan"), r"no finite numbers"),
    (lambda value: value.to(torch.complex64), r"2\.bias: complex numbers"),
])  # fmt: skip
def test_weights_that_are_no_finite_real_numbers_are_refused(tmp_path, change, because):
    torch.save({name: change(value) for name, value in network().state_dict().items()}, tmp_path / "weights.pt")
    with pytest.raises(UnsupportedModelError, match=because):
        read_checkpoint(tmp_path / "weights.pt", f"{architecture(tmp_path)}:network", (1, 6))


def test_an_architecture_that_ends_the_program_is_a_mistake_of_the_architecture(tmp_path):
    torch.save(network().state_dict(), tmp_path / "weights.pt")
    file = architecture(tmp_path)
    file.write_text(file.read_text() + "def leave():\n    raise SystemExit(7)\n")
    (tmp_path / "script.py").write_text("import sys\nsys.exit(3)\n")
    for name, because in ((f"{file}:leave", "SystemExit: 7"), (f"{tmp_path}/script.py:network", "SystemExit: 3")):
        with pytest.raises(UsageError, match=because):
            read_checkpoint(tmp_path / "weights.pt", name, (1, 6))


def test_what_a_network_prints_stays_out_of_standard_output(tmp_path, capfd):
    torch.save(network().state_dict(), tmp_path / "weights.pt")
    file = tmp_path / "talkative.py"
    file.write_text(
        "import warnings\nfrom torch import nn\nprint('imported')\n"
        "class Talkative(nn.Sequential):\n"
        "    def __init__(self):\n"
        "        warnings.warn('old')\n        super().__init__(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 2))\n"
        "    def forward(self, x):\n        print('runs')\n        return super().forward(x)\n"
    )
    read_checkpoint(tmp_path / "weights.pt", f"{file}:Talkative", (1, 6))
    assert capfd.readouterr() == ("", "imported\n")


def test_a_network_that_decides_by_its_data_is_refused_in_one_line(capfd):
    class Deciding(nn.Linear):
        def forward(self, x):
            return super().forward(x) if x.sum() > 0 else super().forward(-x)

    with pytest.raises(UnsupportedModelError, match=r"cannot follow Deciding .* must not decide") as caught:
        read_module(Deciding(6, 2), torch.zeros(1, 6))
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")
