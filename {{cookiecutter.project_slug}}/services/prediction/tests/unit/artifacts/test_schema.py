import pytest
from pydantic import ValidationError

from prediction.artifacts.schema import ClassKind, Feature, FeatureKind, ModelSchema, Task

AGE = Feature(name="age", kind=FeatureKind.NUMERIC)


@pytest.mark.parametrize(
    ("kind", "classes", "labels"),
    [
        (ClassKind.STRING, ("no", "yes"), ["no", "yes"]),
        (ClassKind.INTEGER, ("-1", "1"), [-1, 1]),
        (ClassKind.BOOLEAN, ("false", "true"), [False, True]),
    ],
)
def test_labels_have_the_type_they_had_in_training(
    kind: ClassKind, classes: tuple[str, str], labels: list[object]
) -> None:
    schema = ModelSchema(task=Task.BINARY, target="y", features=(AGE,), classes=classes, class_kind=kind)
    assert [schema.label(0), schema.label(1)] == labels


@pytest.mark.parametrize(
    ("task", "classes"), [(Task.BINARY, ("a",)), (Task.MULTICLASS, ("a", "b")), (Task.REGRESSION, ("a", "b"))]
)
def test_refuses_classes_that_do_not_fit_the_task(task: Task, classes: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError, match="cannot have"):
        ModelSchema(task=task, target="y", features=(AGE,), classes=classes)


def test_refuses_repeated_feature_names() -> None:
    with pytest.raises(ValidationError, match="unique"):
        ModelSchema(task=Task.REGRESSION, target="y", features=(AGE, AGE))
