from deployments.bundle.schema import ServiceSchema, ViewSchema


def schema(ttl_s: float = 3600.0, **features: str) -> ServiceSchema:
    taken = features or {"stock": "int64"}
    return ServiceSchema.model_validate(
        {
            "service": "order_v1",
            "entities": {"store_id": "int64"},
            "request": {},
            "views": {
                "shelf": ViewSchema.model_validate(
                    {"join_keys": {"store_id": "store_id"}, "features": taken, "ttl_s": ttl_s}
                )
            },
            "on_demand": {},
            "columns": {f"shelf__{name}": dtype for name, dtype in taken.items()},
        }
    )


def test_equal_schemas_have_one_fingerprint_whatever_the_order_of_their_features() -> None:
    one, other = schema(a="int64", b="string"), schema(b="string", a="int64")

    assert one.fingerprint() == other.fingerprint()
    assert one.differences(other) == []


def test_any_difference_changes_the_fingerprint() -> None:
    assert len({schema().fingerprint(), schema(ttl_s=1).fingerprint()}) == 2


def test_differences_are_named_with_both_sides() -> None:
    assert schema(ttl_s=60).differences(schema(ttl_s=120)) == [
        "views.shelf.ttl_s is 120.0 in the registry, 60.0 in the bundle"
    ]


def test_a_feature_that_went_and_one_that_came_are_both_named() -> None:
    found = schema(price="float64").differences(schema(cost="float64"))

    assert "columns.shelf__cost is float64 in the registry, absent in the bundle" in found
    assert "columns.shelf__price is absent in the registry, float64 in the bundle" in found
