from . import ml_worker
