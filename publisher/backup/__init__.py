"""Everything that is needed to go on publishing elsewhere, encrypted here and kept in a store.

key        the secret, its file, its words on paper          snapshot   what one backup consists of
seal       one object: name, compression, encryption         vault      the store with its snapshots and objects
take       making a backup                                   bring      bringing one back
lease      who may publish, by conditional writes
"""
