"""Data to something that lasts for steps: values as currents, rates, times, orders, changes, and events as frames."""

from .burst_code import BurstCode as BurstCode
from .choices import ENCODERS as ENCODERS
from .choices import MEAN_CODES as MEAN_CODES
from .choices import SMALLEST as SMALLEST
from .choices import encoder_named as encoder_named
from .choices import largest_value as largest_value
from .constant_current import ConstantCurrent as ConstantCurrent
from .encoder import Encoder as Encoder
from .encoder import InvertibleEncoder as InvertibleEncoder
from .encoder import RateCode as RateCode
from .encoder import ScaledEncoder as ScaledEncoder
from .event_frames import EventFrames as EventFrames
from .event_frames import Events as Events
from .first_spike import FirstSpike as FirstSpike
from .phase_code import PhaseCode as PhaseCode
from .population_code import PopulationCode as PopulationCode
from .rank_order import RankOrder as RankOrder
from .rates import IntegrateAndFire as IntegrateAndFire
from .rates import PoissonRate as PoissonRate
from .spike_interval import SpikeInterval as SpikeInterval
from .temporal_contrast import ChangeEncoder as ChangeEncoder
from .temporal_contrast import SigmaDeltaCode as SigmaDeltaCode
from .temporal_contrast import TemporalContrast as TemporalContrast
from .tuning_curves import GaussianCurves as GaussianCurves
from .tuning_curves import SigmoidCurves as SigmoidCurves
from .tuning_curves import TuningCurves as TuningCurves
