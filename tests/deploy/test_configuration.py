"""Options, the YAML file behind them, and what is wrong with either."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeloom.deploy.configuration.allowed_values import allowed_values
from spikeloom.deploy.configuration.configuration import Configuration, configuration
from spikeloom.deploy.configuration.layer_keys import LayerConfiguration
from spikeloom.deploy.configuration.learning_choices import RULES, TraceChoice
from spikeloom.models.errors import UsageError
from spikeloom.models.neurons.leaky_integrate_and_fire import Reset
from spikeloom.models.yaml_file import LONGEST_TEXT


@pytest.fixture
def file(tmp_path):
    def write(content):
        (tmp_path / "options.yaml").write_bytes(content if isinstance(content, bytes) else content.encode())
        return tmp_path / "options.yaml"

    return write


def refusal(path):
    with pytest.raises(UsageError) as caught:
        configuration(path)
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(".")
    assert str(path) in message
    return message.replace(str(path), "FILE")


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


def test_anchors_and_merged_keys_are_taken(file):
    path = file("layers:\n  a: &usual {bits: 4, split: yes}\n  b: *usual\n  c: {<<: *usual, bits: 2}\n")
    layers = configuration(path).layers
    assert layers["a"] == layers["b"] == LayerConfiguration(bits=4, split=True)
    assert layers["c"] == LayerConfiguration(bits=2, split=True)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("nonsense: 1", "FILE, line 1: there is no configuration key 'nonsense'; the keys are reset, dt,"),
        ("\n\nstep: 1", "FILE, line 3: there is no configuration key 'step' (did you mean 'steps'?); the keys are"),
        (
            "seed: 1\nlayers:\n  a: {bits: 4}\n  b:\n    bit: 1\n",
            "FILE, line 5: there is no configuration key 'layers.b.bit' (did you mean 'bits'?); the keys are reset,",
        ),
        ("layers: {a: {threshold: 1}}", "no configuration key 'layers.a.threshold'; the keys are reset"),
        (
            "layers:\n a:\n  learning:\n   rule: stdp\n   tau_pluss: 4\n",
            "line 5: there is no configuration key 'layers.a.learning.tau_pluss' (did you mean 'tau_plus'?); the",
        ),
        ("layers:\n a:\n  learning:\n   rule: stdp\n   epoch: 99\n", "line 5: layers.a.learning.epoch cannot be 99"),
        ("# many\nsteps: many", "line 2: steps cannot be 'many': it must be a whole number of at least 1."),
        ("steps: 0", "steps cannot be 0: it must be a whole number of at least 1."),
        ("seed: -1", "seed cannot be -1: it must be a whole number of at least 0."),
        ("dt: .inf", "dt cannot be inf: it must be a number above 0."),
        ("spike_exponent: 7", "cannot be 7: it must be a whole number from 0 to 6."),
        ("encoder: morse", "encoder cannot be 'morse': it must be constant, rate, "),
        ("encoder: first_spike", "or population (did you mean first-spike?)."),
        ("reset: substract", "it must be zero, subtract or none (did you mean subtract?)."),
        (
            "allow:\n- loss\n- salient\n",
            "line 3: allow.1 cannot be 'salient': it must be a list of silent, saturated, ",
        ),
        ("bits: 9", "bits cannot be 9: it must be a whole number from 1 to 8, or auto."),
        ("real_time: perhaps", "real_time cannot be 'perhaps': it must be true or false."),
        ("mapping: luck", "mapping cannot be 'luck': there is no strategy 'luck', only auto, "),
        ("layers: 3", "layers cannot be 3: it must be a mapping of keys to values."),
        ("a: [1", "not YAML"),
        ("- a", "mapping of keys"),
        ("1: 2", "FILE, line 1, has the key 1; keys are words: quote it."),
        ("layers:\n  2: {bits: 4}", "FILE, line 2, has the key 2; keys are words: quote it."),
        ("[1, 2]: 2", "keys are words"),
        ("seed: 1\nbits: 4\nseed: 2", "FILE has the key 'seed' twice, in lines 1 and 3: keep one."),
        ("layers:\n  a: {}\n  a: {}", "the key 'layers.a' twice, in lines 2 and 3"),
        (b"\xff\xfe\x00", "not YAML"),
        ("!!python/object:os.system {}", "not YAML"),
        ("[" * 5000, "nests deeper than"),
        ("seed: 1\n" * 200_000, "FILE: it has more than 1"),
        ("spike_exponent: " + "9" * LONGEST_TEXT, "cannot be 9999"),
        pytest.param("a: [" + "1," * 80_000 + "1]", "more than 65536 values", marks=pytest.mark.slow),
        ("seed: " + "1:" * LONGEST_TEXT + "1", "line 1 has a text of 8,001 characters, where 4,000 are enough"),
        ("seed: &a [*a]", "a value within itself"),
    ],
)
def test_files_with_mistakes(file, content, words):
    began = time.monotonic()
    assert words in refusal(file(content))
    assert time.monotonic() - began < 60  # a second, on a machine that has nothing else to do


def test_a_few_lines_that_stand_for_billions_of_values_are_refused(file):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    assert "more than 65536 values, those that are repeated counted each time" in refusal(file("\n".join(lines)))


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no /dev/zero")
def test_a_file_without_an_end_is_refused():
    with pytest.raises(UsageError, match="more than 1"):
        configuration(Path("/dev/zero"))


@given(st.binary(max_size=200) | st.text(alphabet="abst:{}[]&*!<>-#'\"\n 01,|?%", max_size=60).map(str.encode))
def test_whatever_stands_in_a_file_there_is_a_configuration_or_a_sentence(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("any") / "options.yaml"
    path.write_bytes(content)
    try:
        configuration(path)
    except UsageError as error:
        assert str(path) in str(error)


def test_options_with_mistakes_are_named_as_options():
    for options, words in (
        ({"steps": 0}, "--steps cannot be 0: it must be a whole number of at least 1"),
        ({"min_accuracy": 2}, "--min-accuracy cannot be 2: it must be a number from 0 to 1"),
        ({"input_shape": "3,x"}, r"--input-shape cannot be '3,x': it must be sizes from 1 on, such as \[3, 32, 32\]"),
        ({"allow": ["lost"]}, r"--allow cannot be \['lost'\]: it must be a list of silent, "),
    ):
        with pytest.raises(UsageError, match=f"The option {words}"):
            configuration(**options)
    with pytest.raises(UsageError, match="There is no configuration key 'nonsense'"):
        configuration(nonsense=1)


def test_files_that_cannot_be_read(tmp_path):
    for path in (tmp_path, tmp_path / "missing.yaml"):
        with pytest.raises(UsageError, match="cannot be read"):
            configuration(path)


@pytest.mark.parametrize("model", [Configuration, LayerConfiguration, TraceChoice, *RULES.values()])
def test_every_key_says_what_it_means_and_may_be(model):
    for name, field in model.model_fields.items():
        assert field.description and field.description.endswith("."), name
        assert allowed_values(field), name
