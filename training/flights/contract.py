"""What a client of the flight delay model sends and gets, in words and examples."""

ENTITIES = [
    {"name": "carrier", "description": "Airline, two-letter IATA code", "example": "DL"},
    {"name": "origin", "description": "Departure airport: EWR, JFK or LGA", "example": "EWR"},
    {"name": "dest", "description": "Destination airport, three-letter code", "example": "ATL"},
    {"name": "tailnum", "description": "Aircraft registration", "example": "N309US"},
]

REQUEST_FEATURES = [
    {
        "name": "scheduled_departure",
        "dtype": "timestamp",
        "description": "Scheduled departure; the answer is meant for one hour before it",
        "example": "2013-12-03T10:30:00-05:00",
        "minimum": "2013-01-01T00:00:00Z",
        "maximum": "2014-01-02T00:00:00Z",
    }
]

OUTPUTS = [
    {
        "name": "late_probability",
        "description": "Probability of not reaching the destination within 15 minutes of schedule",
    }
]

DESCRIPTION = "The risk that a flight out of New York arrives late, one hour before it departs"
