"""A demo day around the instant it starts, so lively that two minutes at 60 times show most of it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.aeroapi.record import airport, written
from sandbox.scenario import Scenario, phone
from sandbox.scenario.instance import TIMES

AGENCY = "Norte Viajes"
HOME = ZoneInfo("America/Argentina/Buenos_Aires")

# A moment in minutes after the start, and what the source shows from then on; times are such minutes too.
Change = tuple[float, dict[str, Any]]

# Name and language, and the flights in the order in which they fill up.
TRAVELLERS = (
    ("Ana Pérez", "es", "AR2380"),
    ("Martín Sosa", "es", "AR2380"),
    ("Lucía Fernández", "es", "AR1564"),
    ("João Carvalho", "pt", "G31006"),
    ("Beatriz Nunes", "pt", "G31006"),
    ("Camila Rojas", "es", "LA23"),
    ("Emily Carter", "en", "AA1255"),
    ("Noah Williams", "en", "AA1255"),
    ("Javier Ortega", "es", "IB8830"),
    ("Oliver Hughes", "en", "BA1386"),
    ("Charlotte Webb", "en", "BA1386"),
    ("Sofía Giménez", "es", "AR1826"),
    ("Tomás Quiroga", "es", "AR1826"),
    ("Valentina Ruiz", "es", "AR1688"),
    ("Grace Bennett", "en", "AR1688"),
    ("Rafael Moreira", "pt", "AR1688"),
    ("Diego Huamán", "es", "LA2025"),
    ("Hannah Schmidt", "en", "LA2025"),
    ("Fernanda Lopes", "pt", "G37453"),
    ("Gustavo Pinto", "pt", "G37453"),
    ("Nicolás Herrera", "es", "AR1640"),
    ("Paula Domínguez", "es", "AR1640"),
    ("Ignacio Vera", "es", "LA1402"),
    ("Thomas Reed", "en", "LA1402"),
    ("Mariana Costa", "pt", "AR1474"),
    ("Julieta Acosta", "es", "AR1474"),
    ("George Ellis", "en", "BA244"),
    ("Alicia Navarro", "es", "BA244"),
    ("Michael Torres", "en", "AA908"),
    ("Ashley Morgan", "en", "AA908"),
    ("Florencia Medina", "es", "AF3985"),
    ("Ramiro Luna", "es", "IB6844"),
    ("Carmen Ibáñez", "es", "IB6844"),
    ("Thiago Azevedo", "pt", "G37683"),
    ("Sebastián Muñoz", "es", "LA532"),
    ("Larissa Prado", "pt", "LA3303"),
    ("Daniel Foster", "en", "AA2484"),
)


def demo_lines(start: datetime) -> list[dict[str, Any]]:
    """The flights of the demo: what has begun, what happens in the first two hours, and some of tomorrow."""
    base = _base(start)
    return [*_under_way(base), *_short_hops(base), *_eventful(base), *_later(base)]


def demo_travellers(start: datetime) -> list[dict[str, Any]]:
    """The agency and its travellers, all on flights that depart at least 5 minutes after `start`."""
    scenario = Scenario()
    scenario.add(demo_lines(start))
    lines: list[dict[str, Any]] = [{"agency": AGENCY, "settings": {"language": "ES", **_quiet_hours(start)}}]
    for number, (name, language, ident) in enumerate(TRAVELLERS):
        flight = next(flight for flight in scenario.under(ident) if not flight.visible_from)
        lines.append(
            {
                "agency": AGENCY,
                "traveller": name,
                # Only the odd ones are kept for fiction: with real Twilio keys a demo must ring nowhere.
                "phone": phone(2 * number + 1),
                "language": language,
                "ident": ident,
                "origin": airport(flight.fields["origin"])["code_iata"],
                "destination": airport(flight.fields["destination"])["code_iata"],
                "departure": written(flight.departure_at),
                "booked_at": written(start.astimezone(UTC)),
            }
        )
    return lines


def _base(start: datetime) -> datetime:
    """The next full minute, since schedules have no seconds."""
    return (start.astimezone(UTC) + timedelta(seconds=59)).replace(second=0, microsecond=0)


def _quiet_hours(start: datetime) -> dict[str, str]:
    """Half a day away from the start: whoever looks at the demo at night wants to see messages too."""
    middle = start.astimezone(HOME) + timedelta(hours=12)
    begins, ends = middle - timedelta(hours=3), middle + timedelta(hours=3)
    return {"quietHoursStart": f"{begins:%H}:00", "quietHoursEnd": f"{ends:%H}:00"}


def _under_way(base: datetime) -> list[dict[str, Any]]:
    """In the air when the demo begins, and landing one after the other. Nobody can book these any more."""
    return [
        _flight(base, "IBE6845", "IB6845", "LEMD", "SAEZ", -735, 748),
        _flight(base, "ARG1303", "AR1303", "SACO", "SABE", -72, 85),
        _flight(base, "GLO7651", "G37651", "SBGR", "SAEZ", -160, 178),
        _flight(base, "LAN456", "LA456", "SCEL", "SAEZ", -95, 127, (3, {"estimated_on": 28, "estimated_in": 36})),
    ]


def _short_hops(base: datetime) -> list[dict[str, Any]]:
    """Gone within half an hour of the start and landed within an hour and a half."""
    return [
        _flight(base, "ARG2380", "AR2380", "SABE", "SUMU", 8, 50, gate="12"),
        _flight(base, "ARG1564", "AR1564", "SABE", "SAAR", 10, 55, gate="7"),
        _flight(base, "GLO1006", "G31006", "SBSP", "SBRJ", 12, 60, gate="9"),
        _flight(base, "BAW1386", "BA1386", "EGLL", "EGCC", 14, 65, gate="A4"),
        _flight(base, "LAN23", "LA23", "SCEL", "SCIE", 15, 70, gate="21"),
        _flight(base, "AAL1255", "AA1255", "KMIA", "KMCO", 18, 70, (4, {"gate_origin": "D34"}), gate="D30"),
        _flight(base, "IBE8830", "IB8830", "LEMD", "LEVC", 20, 60, gate="K88", belt="4"),
        _flight(
            base,
            "ARG1826",
            "AR1826",
            "SABE",
            "SAZM",
            25,
            60,
            (3, {"estimated_out": 45, "estimated_in": 105}),
            late=22,
            gate="15",
        ),
    ]


def _eventful(base: datetime) -> list[dict[str, Any]]:
    """Delays that grow, one flight brought forward, gates, cancellations kept and taken back, a diversion."""
    turned = 68
    tucuman = _flight(base, "ARG1474", "AR1474", "SABE", "SANT", 16, 120, (turned, {"diverted": True}), lands=False)
    cordoba = _flight(base, "ARG1474", "AR1474", "SABE", "SACO", 26, 92, late=-10)
    cordoba |= {"fa_flight_id": tucuman["fa_flight_id"], "visible_from": _at(base, turned)}
    return [
        _flight(
            base,
            "ARG1688",
            "AR1688",
            "SABE",
            "SAZS",
            50,
            145,
            (4, {"estimated_out": 70, "estimated_in": 215}),
            (16, {"estimated_out": 90, "estimated_in": 235}),
            (33, {"estimated_out": 115, "estimated_in": 260}),
            late=65,
            gate="3",
        ),
        _flight(
            base,
            "LPE2025",
            "LA2025",
            "SPJC",
            "SPZO",
            100,
            80,
            (6, {"estimated_out": 75, "estimated_in": 155}),
            late=-25,
            gate="19",
        ),
        _flight(base, "GLO7453", "G37453", "SAEZ", "SBGR", 95, 170, (9, {"gate_origin": "11"}), gate="8"),
        _flight(base, "ARG1640", "AR1640", "SABE", "SAZN", 130, 110, (5, {"cancelled": True}), flies=False),
        _flight(
            base,
            "LAN1402",
            "LA1402",
            "SCEL",
            "SAME",
            150,
            60,
            (7, {"cancelled": True}),
            (30, {"cancelled": False, "estimated_out": 175, "estimated_in": 235}),
            late=25,
            gate="14",
        ),
        tucuman,
        cordoba,
        _flight(base, "BAW244", "BA244", "SAEZ", "EGLL", 97, 800, gate="5"),
        _flight(
            base,
            "AAL908",
            "AA908",
            "SAEZ",
            "KMIA",
            110,
            540,
            (10, {"estimated_out": 145, "estimated_in": 685}),
            (47, {"gate_origin": "10"}),
            late=35,
            gate="6",
        ),
        _flight(base, "ARG1545", "AR1545", "SACO", "SAEZ", 85, 80, gate="5", codeshare=("AFR3985", "AF3985")),
    ]


def _later(base: datetime) -> list[dict[str, Any]]:
    """A day ahead, so that reminders fall due in the first hour, and one later on the first day."""
    return [
        _flight(base, "IBE6844", "IB6844", "SAEZ", "LEMD", 24 * 60 + 15, 735),
        _flight(base, "GLO7683", "G37683", "SAEZ", "SBGL", 24 * 60 + 25, 180),
        _flight(base, "LAN532", "LA532", "SCEL", "KJFK", 24 * 60 + 40, 640),
        _flight(base, "TAM3303", "LA3303", "SBGR", "SBBR", 24 * 60 + 55, 110),
        _flight(base, "AAL2484", "AA2484", "KJFK", "KMIA", 360, 190, (20, {"estimated_out": 385}), late=25),
    ]


def _flight(
    base: datetime,
    ident: str,
    iata: str,
    origin: str,
    destination: str,
    out: float,
    block: float,
    *changes: Change,
    late: float = 0,
    gate: str | None = None,
    belt: str | None = None,
    codeshare: tuple[str, str] | None = None,
    flies: bool = True,
    lands: bool = True,
) -> dict[str, Any]:
    """One line. `out` is minutes after the start, `block` those from gate to gate, `late` those of delay."""
    scheduled = {
        "scheduled_out": out,
        "scheduled_off": out + 10,
        "scheduled_on": out + block - 10,
        "scheduled_in": out + block,
    }
    left, touched = out + late, out + late + block - 9.4
    steps = [*changes]
    if flies:
        airborne = {"actual_off": left + 9.7, "estimated_on": touched, "estimated_in": left + block}
        steps += [(left + 0.5, {"actual_out": left}), (left + 10, airborne)]
    if flies and lands:
        landed = {"actual_on": touched, "baggage_claim": belt or str(len(destination + iata) % 7 + 1)}
        steps += [(touched + 0.5, landed), (left + block - 2, {"actual_in": left + block - 3})]
    made_at = base + timedelta(minutes=out) - timedelta(hours=47, minutes=52)
    return {
        "fa_flight_id": f"{ident}-{int(made_at.timestamp())}-airline-{sum(map(ord, ident)):04}",
        "ident": ident,
        "ident_icao": ident,
        "ident_iata": iata,
        "codeshares": [codeshare[0]] if codeshare else [],
        "codeshares_iata": [codeshare[1]] if codeshare else [],
        "origin": origin,
        "destination": destination,
        "gate_origin": gate,
        **_written(base, scheduled),
        "timeline": [
            {"at": _at(base, minute), "set": _written(base, changed)}
            for minute, changed in sorted(steps, key=lambda step: step[0])
        ],
    }


def _written(base: datetime, fields: dict[str, Any]) -> dict[str, Any]:
    return {name: _at(base, value) if name in TIMES else value for name, value in fields.items()}


def _at(base: datetime, minute: float) -> str | None:
    return written(base + timedelta(minutes=minute))
