from . import account_payment_register
from . import ml_dry_run
from . import ml_feed_import
from . import ml_ignore
from . import ml_recovery
from . import merges
from . import res_config_settings
