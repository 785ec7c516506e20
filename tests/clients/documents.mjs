// What the clients ask; the linter and the server read the same schema.
export const EVENTS = /* GraphQL */ `
  subscription Events($after: String) {
    events(after: $after) {
      __typename
      cursor
      sequence
      ... on TripCreated {
        trip {
          id
          lodging
        }
      }
      ... on TripUpdated {
        trip {
          id
          lodging
        }
      }
      ... on NotificationUpdated {
        notification {
          id
          status
        }
      }
    }
  }
`;

export const CREATE = /* GraphQL */ `
  mutation Create($input: CreateTripInput!) {
    createTrip(input: $input) {
      trip {
        id
      }
      userErrors {
        code
        message
      }
    }
  }
`;

export const TRIP = /* GraphQL */ `
  query Trip($id: ID!) {
    trip(id: $id) {
      id
      lodging
      traveller {
        name
      }
    }
  }
`;
