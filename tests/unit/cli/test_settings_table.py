import pytest
from pydantic import PostgresDsn, RedisDsn

from attune.settings import Collect, Kafka, Settings
from cli.settings_table import rows, show


def shown(settings: Settings) -> dict[str, str]:
    return {variable: value for variable, value, _ in rows(settings, "ATTUNE_")}


def test_each_setting_stands_under_its_variable() -> None:
    settings = Settings(_env_file=None, kafka=Kafka(brokers="kafka-1:9092,kafka-2:9092"))

    values = shown(settings)

    assert values["ATTUNE_KAFKA__BROKERS"] == "kafka-1:9092,kafka-2:9092"
    assert values["ATTUNE_POSTGRES_SCHEMA"] == "attune"
    assert values["ATTUNE_REDIS"] == "redis://127.0.0.1:6379/0"


@pytest.mark.parametrize(
    "redis",
    [
        "redis://:s3cret@redis:6379/0",
        "rediss://me:s3cret@redis:6379/0?ssl_cert_reqs=none",
        "redis://redis:6379/0?password=s3cret&db=1",
    ],
)
@pytest.mark.parametrize(
    "postgres",
    [
        "postgresql://me:s3cret@db:5432/shop",
        "postgresql://me:s3cret@db-1:5432,me:s3cret@db-2:5432/shop",
        "postgresql://db/shop?user=me&password=s3cret&sslmode=require",
    ],
)
def test_no_password_is_shown(redis: str, postgres: str) -> None:
    settings = Settings(
        _env_file=None,
        redis=RedisDsn(redis),
        postgres=PostgresDsn(postgres),
        collect=Collect(write_keys={"wk_s3cret": "shop"}),
    )

    values = shown(settings)

    assert "s3cret" not in str(values)
    assert "redis:6379/0" in values["ATTUNE_REDIS"]
    assert "/shop" in values["ATTUNE_POSTGRES"]
    assert values["ATTUNE_COLLECT__WRITE_KEYS"].endswith("-> shop")


def test_brackets_in_a_value_are_shown_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    show(Settings(_env_file=None, kafka=Kafka(brokers="[bold]:1")))

    assert "[bold]:1" in capsys.readouterr().out
