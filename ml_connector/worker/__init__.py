from . import ml_worker
from . import ml_worker_webhook
from . import ml_worker_pull
from . import ml_worker_push
from . import ml_worker_recovery
from . import ml_worker_merge
from . import ml_worker_dry_run
from . import ml_worker_audit
