{
    "name": "Bare Route",
    "summary": "A route that does next to nothing, for setup/bench",
    "version": "19.0.1.0.0",
    "category": "Hidden",
    "author": "ML Connector contributors",
    "website": "https://github.com/ml-connector/ml_connector",
    "license": "LGPL-3",
    "depends": ["web"],
}
