from . import models
from . import engine
from . import importers
from . import exporters
from . import controllers
from . import wizards
from .hooks import uninstall_hook
