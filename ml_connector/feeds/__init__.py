from . import ml_feed_template
from . import ml_feed_file
from . import ml_feed_sent
from . import ml_connection_feed
from . import ml_worker_feed
from . import ml_worker_feed_out
from . import ml_worker_feed_in
from . import ml_worker_feed_records
