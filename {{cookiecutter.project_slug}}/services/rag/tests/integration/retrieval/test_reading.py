"""How the database reads the texts of what was found."""

from uuid import UUID

from sqlalchemy import event, text

from rag.documents.repository import ChunkRepository


async def test_reading_goes_by_primary_keys_and_not_through_all_documents(add_document, services) -> None:
    for number in range(3):
        await add_document(f"{number}.txt", "one", "two", "three")
    database, statements = services.kit.database, []
    engine = database.engine.sync_engine

    def note(_connection, _cursor, statement, parameters, *_: object) -> None:
        statements.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    async with database.reading() as session:
        repository = ChunkRepository(session)
        await repository.visible("acme", [(UUID(int=1), 0), (UUID(int=2), 1)])
        await repository.neighbours(UUID(int=1), 0)
        await repository.of_parent(UUID(int=1), 0)
        event.remove(engine, "before_cursor_execute", note)
        for statement, parameters in [each for each in statements if "chosen" in each[0]]:
            connection = await session.connection()
            plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            steps = [row[3] for row in plan]
            assert not any("tenant" in step or "SCAN documents" in step or "SCAN chunks" in step for step in steps), (
                steps
            )
        assert await session.scalar(text("SELECT count(*) FROM chunks")) == 9
    assert len([each for each in statements if "chosen" in each[0]]) == 3
