from . import ml_connection_target
from . import ml_bridged_document
from . import ml_worker_bridge
from . import ml_writer_bridged
from . import ml_reader_bridged
from . import ml_reader_bridged_code
