from shopkeeper.web.developers import operations


def test_every_operation_is_listed_and_nothing_is_said_twice():
    description = {
        "paths": {
            "/v1/a": {
                "parameters": [],
                "get": {"summary": "Look.", "description": "Look. Closely."},
                "post": {"summary": "Send."},
            }
        }
    }
    assert operations(description) == [
        {"method": "GET", "path": "/v1/a", "summary": "Look.", "text": "Closely."},
        {"method": "POST", "path": "/v1/a", "summary": "Send.", "text": ""},
    ]
