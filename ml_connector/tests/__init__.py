from . import test_attempts
from . import test_connection
from . import test_mapping
from . import test_pull
from . import test_push
from . import test_secrets
from . import test_security
from . import test_webhook
