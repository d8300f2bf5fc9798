from . import ml_reader
from . import ml_reader_coding
from . import ml_reader_purchase
from . import ml_reader_bill
from . import ml_reader_ledger
from . import ml_reader_employee
from . import ml_reader_paid
