"""The one catalogue of wording: a text per type and language, in the form Twilio approves it: {{1}}, {{2}} ….

A text never ends with a placeholder (such templates are rejected) and never states what is not known.
"""

from travel.model import Language
from travel.model import NotificationType as Type

ES, EN, PT = Language.ES, Language.EN, Language.PT

VARIABLES: dict[Type, tuple[str, ...]] = {
    Type.RESERVATION_CONFIRMATION: ("name", "flight", "origin", "destination", "departure"),
    Type.REMINDER_24H: ("name", "flight", "destination", "departure"),
    Type.DELAYED: ("name", "flight", "departure"),
    Type.EARLIER: ("name", "flight", "departure"),
    Type.GATE_CHANGE: ("name", "flight", "gate"),
    Type.CANCELLED: ("name", "flight", "destination"),
    Type.REINSTATED: ("name", "flight", "departure"),
    Type.DIVERTED: ("name", "flight", "airport"),
    Type.BOARDING: ("flight", "departure", "gate"),
    Type.LANDING_WELCOME: ("name", "destination", "lodging"),
    Type.TEST: ("agency",),
}
"""What {{1}}, {{2}} … stand for, in order."""

TEXTS: dict[tuple[Type, Language], str] = {
    (Type.RESERVATION_CONFIRMATION, ES): (
        "Hola {{1}}, tu vuelo {{2}} de {{3}} a {{4}} está reservado. Sale el {{5}}. Te avisaremos de cualquier cambio."
    ),
    (Type.RESERVATION_CONFIRMATION, EN): (
        "Hello {{1}}, your flight {{2}} from {{3}} to {{4}} is booked. It departs on {{5}}. We will tell you of any change."
    ),
    (Type.RESERVATION_CONFIRMATION, PT): (
        "Olá {{1}}, seu voo {{2}} de {{3}} para {{4}} está reservado. Parte em {{5}}. Avisaremos você de qualquer mudança."
    ),
    (
        Type.REMINDER_24H,
        ES,
    ): "Hola {{1}}, se acerca tu vuelo {{2}} a {{3}}: sale el {{4}}. Ten a mano tus documentos. ¡Buen viaje!",
    (
        Type.REMINDER_24H,
        EN,
    ): "Hello {{1}}, your flight {{2}} to {{3}} is coming up: it departs on {{4}}. Keep your documents at hand. Have a good trip!",
    (
        Type.REMINDER_24H,
        PT,
    ): "Olá {{1}}, seu voo {{2}} para {{3}} se aproxima: parte em {{4}}. Tenha seus documentos à mão. Boa viagem!",
    (
        Type.DELAYED,
        ES,
    ): "{{1}}, tu vuelo {{2}} está demorado. Nueva salida: {{3}}. Te avisaremos si vuelve a cambiar.",
    (
        Type.DELAYED,
        EN,
    ): "{{1}}, your flight {{2}} is delayed. New departure: {{3}}. We will tell you if it changes again.",
    (
        Type.DELAYED,
        PT,
    ): "{{1}}, seu voo {{2}} está atrasado. Nova partida: {{3}}. Avisaremos você se mudar de novo.",
    (
        Type.EARLIER,
        ES,
    ): "Atención {{1}}: tu vuelo {{2}} sale antes de lo que te dijimos. Nueva salida: {{3}}. Por favor, ve con tiempo.",
    (
        Type.EARLIER,
        EN,
    ): "Attention {{1}}: your flight {{2}} departs earlier than we told you. New departure: {{3}}. Please allow enough time.",
    (
        Type.EARLIER,
        PT,
    ): "Atenção {{1}}: seu voo {{2}} parte antes do que dissemos. Nova partida: {{3}}. Por favor, vá com antecedência.",
    (
        Type.GATE_CHANGE,
        ES,
    ): "{{1}}, cambió la puerta de tu vuelo {{2}}: ahora es la {{3}}. Confírmala en las pantallas.",
    (
        Type.GATE_CHANGE,
        EN,
    ): "{{1}}, the gate of your flight {{2}} has changed: it is now {{3}}. Please check the screens.",
    (Type.GATE_CHANGE, PT): "{{1}}, o portão do seu voo {{2}} mudou: agora é o {{3}}. Confirme nas telas.",
    (
        Type.CANCELLED,
        ES,
    ): "{{1}}, tu vuelo {{2}} a {{3}} fue cancelado. Comunícate con tu agencia para ver alternativas.",
    (
        Type.CANCELLED,
        EN,
    ): "{{1}}, your flight {{2}} to {{3}} has been cancelled. Please contact your agency about alternatives.",
    (
        Type.CANCELLED,
        PT,
    ): "{{1}}, seu voo {{2}} para {{3}} foi cancelado. Fale com sua agência sobre alternativas.",
    (
        Type.REINSTATED,
        ES,
    ): "Buenas noticias {{1}}: tu vuelo {{2}} sale después de todo. Salida: {{3}}. Lamentamos la confusión.",
    (
        Type.REINSTATED,
        EN,
    ): "Good news {{1}}: your flight {{2}} departs after all. Departure: {{3}}. We are sorry for the confusion.",
    (
        Type.REINSTATED,
        PT,
    ): "Boas notícias {{1}}: seu voo {{2}} vai partir afinal. Partida: {{3}}. Lamentamos a confusão.",
    (
        Type.DIVERTED,
        ES,
    ): "{{1}}, tu vuelo {{2}} fue desviado a {{3}}. La aerolínea te informará cómo sigue el viaje.",
    (
        Type.DIVERTED,
        EN,
    ): "{{1}}, your flight {{2}} has been diverted to {{3}}. The airline will tell you how the journey goes on.",
    (
        Type.DIVERTED,
        PT,
    ): "{{1}}, seu voo {{2}} foi desviado para {{3}}. A companhia aérea informará como a viagem continua.",
    (Type.BOARDING, ES): "Tu vuelo {{1}} sale el {{2}}. {{3}} Acércate con tiempo al embarque.",
    (Type.BOARDING, EN): "Your flight {{1}} departs on {{2}}. {{3}} Please be at boarding in good time.",
    (Type.BOARDING, PT): "Seu voo {{1}} parte em {{2}}. {{3}} Dirija-se ao embarque com antecedência.",
    (Type.LANDING_WELCOME, ES): "¡Bienvenido a {{2}}, {{1}}! {{3}} Que disfrutes tu estadía.",
    (Type.LANDING_WELCOME, EN): "Welcome to {{2}}, {{1}}! {{3}} Enjoy your stay.",
    (Type.LANDING_WELCOME, PT): "Bem-vindo a {{2}}, {{1}}! {{3}} Aproveite sua estadia.",
    (Type.TEST, ES): "Mensaje de prueba de {{1}}: las notificaciones de viaje funcionan.",
    (Type.TEST, EN): "Test message of {{1}}: the travel notifications work.",
    (Type.TEST, PT): "Mensagem de teste de {{1}}: as notificações de viagem funcionam.",
}

PHRASES: dict[str, dict[Language, str]] = {
    "gate": {ES: "Puerta {0}.", EN: "Gate {0}.", PT: "Portão {0}."},
    "no_gate": {
        ES: "Mira la puerta en las pantallas del aeropuerto.",
        EN: "See the airport screens for your gate.",
        PT: "Veja o portão nas telas do aeroporto.",
    },
    "no_airport": {ES: "otro aeropuerto", EN: "another airport", PT: "outro aeroporto"},
    "lodging": {ES: "Tu alojamiento: {0}.", EN: "Your lodging: {0}.", PT: "Sua hospedagem: {0}."},
    "no_lodging": {
        ES: "Tu agencia está a tu disposición.",
        EN: "Your agency is there for you.",
        PT: "Sua agência está à disposição.",
    },
    "baggage": {ES: "Equipaje: cinta {0}.", EN: "Baggage: belt {0}.", PT: "Bagagem: esteira {0}."},
}
"""What stands in for a variable, known or not; {0} is the value."""
