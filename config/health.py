"""Is this deployment alive: the database answers, beat and worker gave signs of life."""

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse

from members import slots


def healthz(request: HttpRequest) -> JsonResponse:
    """200 when all is well, 503 when a part is not; names the part, never a detail."""
    lines = {"database": _database_answers()}
    if lines["database"]:
        lines |= {line.name: line.ok for check in slots.health_checks for line in check()}
    fine = all(lines.values())
    return JsonResponse(
        {"status": "ok" if fine else "degraded", "checks": lines}, status=200 if fine else 503
    )


def _database_answers() -> bool:
    try:
        connection.ensure_connection()
    except DatabaseError:
        return False
    return True
