// The schema's lint: graphql-eslint's own recommendations, and Relay's rules of connections and nodes.
// Not asked for, on purpose:
// - require-nullable-result-in-root: `viewer`, `agency`, the connections and the payloads exist whenever somebody is let in;
//   what another system can fail to give is null deeper down.
// - require-field-of-type-query-in-mutation-result: a payload carries the object that changed, and normalised caches read that.
import graphql from "@graphql-eslint/eslint-plugin";

import { EVENTS, PARTS } from "./values.mjs";

const described = {
  types: true,
  DirectiveDefinition: true,
  EnumValueDefinition: true,
  FieldDefinition: true,
  InputValueDefinition: true,
  rootField: true,
};

export default [
  {
    files: ["**/*.graphql"],
    languageOptions: { parser: graphql.parser, parserOptions: { graphQLConfig: { schema: "schema.graphql" } } },
    plugins: { "@graphql-eslint": graphql },
    rules: {
      ...graphql.configs["flat/schema-recommended"].rules,
      ...graphql.configs["flat/schema-relay"].rules,
      "@graphql-eslint/description-style": "error",
      "@graphql-eslint/input-name": ["error", { checkInputType: true, caseSensitiveInputType: false }],
      "@graphql-eslint/no-scalar-result-type-on-mutation": "error",
      "@graphql-eslint/relay-edge-types": [
        "error",
        // Else every list, such as [UserError!]!, would have to be one of edges.
        { withEdgeSuffix: true, shouldImplementNode: true, listTypeCanWrapOnlyEdgeType: false },
      ],
      "@graphql-eslint/require-deprecation-date": "error",
      "@graphql-eslint/require-description": ["error", described],
      "@graphql-eslint/require-type-pattern-with-oneof": "error",
      "@graphql-eslint/strict-id-in-types": [
        "error",
        {
          acceptedIdNames: ["id"],
          acceptedIdTypes: ["ID"],
          exceptions: { types: ["PageInfo", ...EVENTS, ...PARTS], suffixes: ["Payload", "Connection", "Edge", "Error"] },
        },
      ],
    },
  },
];
