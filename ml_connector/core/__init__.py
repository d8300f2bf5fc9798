"""The part without Odoo: documents, errors, protocols and files. Its tests run anywhere."""
