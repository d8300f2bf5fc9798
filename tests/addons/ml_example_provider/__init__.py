from odoo.addons.ml_connector.providers import PROVIDERS

from .provider import ExampleProvider

PROVIDERS[ExampleProvider.key] = ExampleProvider
