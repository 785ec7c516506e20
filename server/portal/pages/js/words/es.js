// @ts-check
/** What the portal says, in Spanish; the other languages say the same under the same names. */

const words = {
  portal: {
    name: "Bauhaus Travel",
    skip: "Ir al contenido",
    views: "Vistas",
    language: "Idioma",
    theme: "Colores",
    themes: { auto: "Del sistema", light: "Claros", dark: "Oscuros" },
    signOut: "Salir",
    worldTime: "Hora del mundo de los vuelos",
    faster: (/** @type {string} */ times) => `${times} veces más rápido`,
    close: "Cerrar",
    unknownView: "Esta página no existe",
    toBoard: "Ir al tablero",
  },

  signIn: {
    title: "Entrar",
    key: "Clave de API",
    hint: "Empieza con bh_. Se guarda solo en esta pestaña.",
    enter: "Entrar",
    empty: "Falta la clave.",
    refused: "Esta clave no es válida, o ya no lo es. Hace falta otra.",
    ended: "La clave dejó de ser válida. Con otra se sigue donde estaba.",
  },

  line: {
    opening: "Conectando",
    catching: "Poniéndose al día",
    live: "En vivo",
    lost: (/** @type {string} */ at) => `Sin conexión: sin novedades desde las ${at}`,
    retry: "Reintentar",
    paused: (/** @type {string} */ channel) => `${channel}: Twilio rechaza el envío, los mensajes esperan`,
    suspended: "La agencia está suspendida: no se envía nada en su nombre.",
  },

  notice: {
    loading: "Cargando",
    again: "Reintentar",
    offline: "El servidor no responde.",
    busy: "El servidor está ocupado; conviene esperar un momento.",
    fault: (/** @type {string} */ why) => `El servidor no pudo responder: ${why}`,
  },

  board: {
    title: "Tablero",
    caption: "Viajes por hora de salida",
    columns: {
      departs: "Sale",
      flight: "Vuelo",
      route: "Ruta",
      arrives: "Llega",
      gate: "Puerta",
      phase: "Estado",
      delay: "Retraso",
      traveller: "Viajero",
      told: "Lo último que se le dijo",
      seen: "Visto",
    },
    booked: (/** @type {string} */ at) => `reservado ${at}`,
    expected: (/** @type {string} */ at) => `previsto ${at}`,
    from: (/** @type {string} */ from, /** @type {string} */ to) => `de ${from} a ${to}`,
    noGate: "sin puerta todavía",
    onTime: "en hora",
    minutesLate: (/** @type {number} */ n) => `${n} minutos de retraso`,
    minutesEarly: (/** @type {number} */ n) => `${n} minutos antes`,
    toldGate: (/** @type {string} */ gate) => `puerta ${gate}`,
    toldCancelled: "cancelado",
    toldLanded: "bienvenida",
    toldNothing: "Nada todavía",
    toldDiffers: "Ya no es lo que se sabe ahora",
    optedOut: "No quiere mensajes",
    stale: (/** @type {string} */ ago) => `Sin datos nuevos hace ${ago}`,
    staleShort: (/** @type {string} */ ago) => `hace ${ago}`,
    never: "Sin consultar todavía",
    search: "Buscar",
    searchHint: "Nombre, teléfono, referencia o vuelo",
    statuses: "Estados",
    more: "Más filtros",
    day: "Sale el día",
    flight: "Vuelo",
    origin: "Origen",
    destination: "Destino",
    code: "IATA u OACI",
    archived: "También archivados",
    clear: "Quitar filtros",
    count: (/** @type {number} */ n) => (n === 1 ? "1 viaje" : `${n} viajes`),
    shown: (/** @type {number} */ shown, /** @type {number} */ all) => `${shown} de ${all} viajes`,
    next: "Mostrar más",
    none: "No hay viajes que mostrar",
    noneHint: "Los viajes nuevos aparecen aquí solos.",
    noneFiltered: "Ningún viaje responde a estos filtros",
    changed: (/** @type {string} */ flight, /** @type {string} */ what) => `${flight}: ${what}`,
  },

  keys: {
    title: "Teclado",
    open: "Atajos de teclado",
    down: "Viaje siguiente",
    up: "Viaje anterior",
    first: "Primer viaje",
    last: "Último viaje",
    enter: "Abrir el viaje",
    search: "Buscar",
    help: "Esta ayuda",
    escape: "Salir de la búsqueda",
    single: "Usar atajos de una sola tecla",
  },

  trip: {
    title: "Viaje",
    back: "Volver al tablero",
    missing: "La agencia no tiene este viaje",
  },

  create: {
    title: "Viaje nuevo",
  },

  import: {
    title: "Importar",
  },

  settings: {
    title: "Ajustes",
  },

  numbers: {
    title: "Números",
  },

  /** @type {Record<Api.TripStatus, string>} */
  status: {
    UPCOMING: "Próximo",
    DEPARTING: "Por salir",
    IN_FLIGHT: "En vuelo",
    LANDED: "Aterrizado",
    CANCELLED: "Cancelado",
    DIVERTED: "Desviado",
    LOST: "Sin rastro",
    ARCHIVED: "Archivado",
  },

  /** @type {Record<Api.FlightPhase, string>} */
  phase: {
    SCHEDULED: "Programado",
    TAXIING_OUT: "Rodando",
    AIRBORNE: "En vuelo",
    LANDED: "Aterrizó",
    ARRIVED: "En puerta",
    CANCELLED: "Cancelado",
    DIVERTED: "Desviado",
    UNKNOWN: "Sin datos",
  },

  /** @type {Record<Api.NotificationType, string>} */
  message: {
    RESERVATION_CONFIRMATION: "Reserva",
    REMINDER_24H: "Recordatorio",
    DELAYED: "Demora",
    EARLIER: "Adelanto",
    GATE_CHANGE: "Cambio de puerta",
    CANCELLED: "Cancelación",
    REINSTATED: "Vuela al final",
    DIVERTED: "Desvío",
    BOARDING: "Embarque",
    LANDING_WELCOME: "Bienvenida",
    TEST: "Prueba",
  },

  /** @type {Record<Api.NotificationStatus, string>} */
  state: {
    PENDING: "En espera",
    SENDING: "Enviando",
    UNKNOWN: "No se sabe si salió",
    SENT: "Enviado",
    DELIVERED: "Entregado",
    READ: "Leído",
    UNDELIVERED: "No entregado",
    FAILED: "Falló",
    SUPPRESSED: "No se envía",
    SUPERSEDED: "Superado",
    EXPIRED: "Vencido",
    WITHDRAWN: "Retirado",
  },

  /** @type {Record<Api.NotificationReason, string>} */
  reason: {
    QUIET_HOURS: "es de noche donde está el viajero",
    HOURLY_LIMIT: "límite por hora alcanzado",
    DAILY_LIMIT: "límite por día alcanzado",
    RETRYING: "un intento falló, sigue otro",
    HELD_FOR_HUMAN: "espera la decisión de una persona",
    SENDER_PAUSED: "Twilio rechaza la cuenta o el remitente",
    NO_RECEIPT: "nadie confirmó la llegada",
    OPTED_OUT: "el viajero no quiere mensajes",
    TYPE_DISABLED: "la agencia no envía este tipo",
    BOOKED_LATE: "reservado a menos de 24 horas",
    SETTLED_BACK: "volvió a como estaba",
    NEWER_FACTS: "hay datos más nuevos",
    NO_LONGER_USEFUL: "llegaba tarde",
    INVALID_RECIPIENT: "número inalcanzable",
    PROVIDER_REFUSED: "Twilio lo rechazó",
    ATTEMPTS_EXHAUSTED: "fallaron todos los intentos",
    TRIP_ARCHIVED: "viaje archivado",
    AGENCY_SUSPENDED: "la agencia no envía nada",
    WITHDRAWN_BY_AGENT: "lo retiró un agente",
  },

  /** @type {Record<Api.StatusChangeKind, string>} */
  change: {
    PHASE: "estado",
    DEPARTURE_TIME: "salida",
    ARRIVAL_TIME: "llegada",
    GATE_ORIGIN: "puerta de salida",
    GATE_DESTINATION: "puerta de llegada",
    TERMINAL_ORIGIN: "terminal de salida",
    TERMINAL_DESTINATION: "terminal de llegada",
    BAGGAGE_CLAIM: "cinta de equipaje",
    CANCELLED: "cancelado",
    REINSTATED: "vuela al final",
    DIVERTED: "desviado",
  },

  /** @type {Record<Api.Role, string>} */
  role: {
    VIEWER: "Solo mira",
    AGENT: "Agente",
    ADMIN: "Administración",
  },

  /** @type {Record<Api.UserErrorCode, string>} */
  refusal: {
    INVALID: "No es válido",
    NOT_FOUND: "No existe",
    TAKEN: "Ya existe",
    CONFLICT: "Entretanto cambió",
    FORBIDDEN: "Esta clave no lo permite",
    LIMIT_REACHED: "Se alcanzó un límite",
    TOO_LATE: "Ya es tarde",
    UNKNOWN_AIRPORT: "Ningún aeropuerto tiene este código",
    UNKNOWN_FLIGHT: "Ninguna aerolínea vuela esto",
  },
};

/** @typedef {typeof words} Words */

export default words;
