"""Options, the YAML file behind them, and what is wrong with either."""

import pytest

from spikeloom.deploy.configuration import Configuration, configuration
from spikeloom.models.errors import UsageError
from spikeloom.models.neurons.leaky_integrate_and_fire import Reset


@pytest.fixture
def file(tmp_path):
    def write(content):
        (tmp_path / "options.yaml").write_bytes(content if isinstance(content, bytes) else content.encode())
        return tmp_path / "options.yaml"

    return write


def test_nothing_given():
    assert configuration() == configuration(None, steps=None) == Configuration()
    assert Configuration().model_fields_set == set()


def test_options_win_over_the_file(file):
    path = file("steps: 7\nreset: subtract\nlayers:\n  lif1: {reset: none}\n")
    settings = configuration(path, steps=9, dt=None)
    assert (settings.steps, settings.reset, settings.dt) == (9, Reset.SUBTRACT, None)
    options = settings.nir_options()
    assert (options.reset, options.layer_resets) == (Reset.SUBTRACT, {"lif1": Reset.NONE})


def test_an_empty_file_says_nothing(file):
    assert configuration(file("# later\n")) == Configuration()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("nonsense: 1", "no configuration key 'nonsense'; the keys are reset, dt,"),
        ("layers: {a: {threshold: 1}}", "no configuration key 'layers.a.threshold'; the keys are reset"),
        ("steps: many", "steps cannot be 'many'"),
        ("steps: 0", "steps cannot be 0"),
        ("seed: -1", "seed cannot be -1"),
        ("dt: .inf", "dt cannot be inf"),
        ("encoder: morse", "encoder cannot be 'morse'.*'constant', 'rate'"),
        ("mapping: luck", "mapping cannot be 'luck': there is no strategy 'luck', only auto, "),
        ("layers: 3", "layers cannot be 3"),
        ("a: [1", "not YAML"),
        ("- a", "mapping of keys"),
        ("1: 2", "the key 1; keys are words"),
        (b"\xff\xfe\x00", "not YAML"),
        ("!!python/object:os.system {}", "not YAML"),
        ("[" * 5000, "not YAML"),
    ],
)
def test_files_with_mistakes(file, content, words):
    path = file(content)
    with pytest.raises(UsageError, match=words) as caught:
        configuration(path)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 600
    assert message.endswith(".")


def test_options_with_mistakes_are_named_as_options():
    for options, words in (({"steps": 0}, "--steps cannot be 0"), ({"min_accuracy": 2}, "--min-accuracy cannot be 2")):
        with pytest.raises(UsageError, match=f"The option {words}"):
            configuration(**options)
    with pytest.raises(UsageError, match="'nonsense'"):
        configuration(nonsense=1)


def test_files_that_cannot_be_read(tmp_path):
    for path in (tmp_path, tmp_path / "missing.yaml"):
        with pytest.raises(UsageError, match="cannot be read"):
            configuration(path)
