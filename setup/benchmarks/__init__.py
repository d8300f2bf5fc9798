"""What `setup/bench` measures: one module for each benchmark, run inside Odoo but for `webhook`."""
