"""Every error a caller can meet, in one tree.

::

    ShopkeeperError
    ├── InputError                    what was given is at fault
    │   ├── InvalidConfig             shopkeeper.toml, all faults at once
    │   ├── InvalidRequest            a field of a call breaks its rule
    │   ├── InvalidQuery              what is searched for is empty or too long
    │   ├── InvalidJson               a body or a line is not JSON
    │   ├── PayloadTooLarge           a body or a file is larger than allowed
    │   ├── MissingFile               a path that is not there
    │   ├── UnreadableSource          wrong format, encoding, or damaged
    │   ├── UnreadableModel           a pretrained model that is damaged or not understood
    │   ├── EmptySource               nothing to read
    │   ├── MissingColumn             a needed column could not be found or guessed
    │   └── TooLittleData             not enough to fit, split or compare
    ├── NotFound                      the thing asked for does not exist
    │   ├── ShopNotFound
    │   ├── UnknownCustomer
    │   ├── UnknownItem
    │   └── UnknownCampaign
    └── StateError                    a right request at the wrong time
        ├── ShopExists
        ├── NotTrained                no model has been promoted
        ├── CorruptModel              a model folder fails its checksum
        ├── NotIndexed                what search needs is missing, or another encoder's
        ├── StoreBusy                 the database stayed locked
        ├── DiskFull                  something could not be written
        ├── EndpointFailed            a service of others did not answer, or not as agreed
        └── MissingDependency         an optional package is not installed

Each class has a stable ``code``. ``serving/http.py`` gives each leaf one HTTP status; the command line
ends with exit code 2 for all of them.
"""

from typing import ClassVar


class ShopkeeperError(Exception):
    """Base of all errors that are told to a person.

    Parameters
    ----------
    message
        What is wrong: the field, the value and the rule.
    hint
        What to do about it.
    """

    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class InputError(ShopkeeperError):
    """What was given is at fault."""

    code = "invalid_input"


class InvalidConfig(InputError):
    """The configuration has faults; the message lists all of them."""

    code = "invalid_config"


class InvalidRequest(InputError):
    """A field of a call breaks its rule."""

    code = "invalid_request"


class InvalidQuery(InputError):
    """What is searched for is empty or too long."""

    code = "invalid_query"


class InvalidJson(InputError):
    """A body or a line is not JSON."""

    code = "invalid_json"


class PayloadTooLarge(InputError):
    """A body or a file is larger than allowed."""

    code = "payload_too_large"


class MissingFile(InputError):
    """A path that is not there."""

    code = "missing_file"


class UnreadableSource(InputError):
    """A source in the wrong format or encoding, or damaged."""

    code = "unreadable_source"


class UnreadableModel(InputError):
    """A pretrained model that is damaged, incomplete, or of a kind that is not understood."""

    code = "unreadable_model"


class EmptySource(InputError):
    """A source with nothing in it."""

    code = "empty_source"


class MissingColumn(InputError):
    """A needed column could not be found or guessed."""

    code = "missing_column"


class TooLittleData(InputError):
    """Not enough data to fit, split or compare."""

    code = "too_little_data"


class NotFound(ShopkeeperError):
    """The thing asked for does not exist."""

    code = "not_found"


class ShopNotFound(NotFound):
    """The folder is not a shop."""

    code = "shop_not_found"


class UnknownCustomer(NotFound):
    """No event and no record of this customer."""

    code = "unknown_customer"


class UnknownItem(NotFound):
    """No such item in the catalogue."""

    code = "unknown_item"


class UnknownCampaign(NotFound):
    """No such campaign."""

    code = "unknown_campaign"


class StateError(ShopkeeperError):
    """A right request at the wrong time."""

    code = "wrong_state"


class ShopExists(StateError):
    """The folder is a shop already."""

    code = "shop_exists"


class NotTrained(StateError):
    """No model has been promoted yet."""

    code = "not_trained"


class CorruptModel(StateError):
    """A model folder fails its checksum or its format version."""

    code = "corrupt_model"


class NotIndexed(StateError):
    """What search needs is missing, still being built, or made by another encoder."""

    code = "not_indexed"


class StoreBusy(StateError):
    """The database stayed locked longer than the time-out."""

    code = "store_busy"


class DiskFull(StateError):
    """Something could not be written; what was there before stays as it was."""

    code = "disk_full"


class EndpointFailed(StateError):
    """A service of others did not answer, or not as agreed."""

    code = "endpoint_failed"


class MissingDependency(StateError):
    """An optional package is not installed."""

    code = "missing_dependency"
