from . import models
from . import worker
from . import feeds
from . import writers
from . import readers
from . import controllers
from . import wizards
from .hooks import uninstall_hook
