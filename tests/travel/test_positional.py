import pytest

from travel.database import positional


@pytest.mark.parametrize(
    ("sql", "text", "names"),
    [
        ("SELECT 1", "SELECT 1", ()),
        ("SELECT :a", "SELECT $1", ("a",)),
        ("SELECT :a, :b, :a", "SELECT $1, $2, $1", ("a", "b")),
        ("SELECT :agency_id2", "SELECT $1", ("agency_id2",)),
        ("WHERE id=:id AND x>=:x", "WHERE id=$1 AND x>=$2", ("id", "x")),
        ("f(:a,:b)", "f($1,$2)", ("a", "b")),
        (":a", "$1", ("a",)),
        # A cast stays a cast.
        ("SELECT :a::text", "SELECT $1::text", ("a",)),
        ("SELECT now()::date, x::int", "SELECT now()::date, x::int", ()),
        ("SELECT ':'::text, :b", "SELECT ':'::text, $1", ("b",)),
        # A slice, a time of day and an upper-case name are no parameters.
        ("SELECT x[1:2], '12:30'", "SELECT x[1:2], '12:30'", ()),
        ("SELECT y[a:b]", "SELECT y[a:b]", ()),
        ("SELECT ':Upper'", "SELECT ':Upper'", ()),
        ("a := 1", "a := 1", ()),
        ("SELECT :a\n  , :b -- twice :a", "SELECT $1\n  , $2 -- twice $1", ("a", "b")),
        (
            "SELECT " + ", ".join(f":p{number}" for number in range(12)),
            "SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12",
            tuple(f"p{number}" for number in range(12)),
        ),
    ],
)
def test_named_parameters_become_numbers_in_order_of_appearance(sql, text, names):
    assert positional(sql) == (text, names)
