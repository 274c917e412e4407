// Package backup copies an embedded installation into one file, and puts such a file
// back.
//
// The file is an uncompressed tar: manifest.json, tasktide.db (a whole SQLite
// database), and the files of DATA_DIR that the server needs beside it. The manifest
// has the size and SHA-256 of each: a file that differs by one bit is refused.
//
// What holds:
//
//   - a backup appears under its name when it is whole and on the disk, or not at all;
//     it is readable by its owner only, since it has secrets;
//   - a restore touches nothing before the whole file was found good;
//   - from then on it is finished, by itself or by the next start, whatever is killed;
//     the data it replaces is moved aside and never deleted;
//   - what is restored has a new stream epoch: a client that holds a position of the
//     replaced data is told to load everything again.
//
// The caller holds the lock on DATA_DIR during Restore and Finish.
package backup
