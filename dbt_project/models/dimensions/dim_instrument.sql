-- Instruments arrive in feeds, so their IDs are minted here, in the order of landing: a rebuild from landing gives the same IDs.
WITH staged AS (
    SELECT
        instrument AS code,
        instrument_name AS name,
        first_landed
    FROM {{ ref('stg_instruments') }}
),

{{ new_versions(
    'instrument', attributes=['name'], policy='warehouse', mint_order=['first_landed', 'code'], retires=false
) }}
