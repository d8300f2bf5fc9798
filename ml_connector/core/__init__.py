"""What knows nothing of Odoo: documents, errors, protocols and files. Its tests run anywhere."""
