from . import ml_dry_run
from . import ml_ignore
