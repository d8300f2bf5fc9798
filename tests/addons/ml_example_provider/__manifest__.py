{
    "name": "ML Connector: Example Provider",
    "summary": "A fifth provider, as small as one can be: the tests show that nothing in ML Connector knows the others",
    "version": "19.0.1.0.0",
    "license": "LGPL-3",
    "author": "ML Connector contributors",
    "category": "Hidden/Tests",
    "depends": ["ml_connector"],
}
