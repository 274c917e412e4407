// Command bench measures the system beside what it is built on: each benchmark runs ours and the bare library or
// database in turns, in the same process and against the same servers, and prints the median of the ratios.
//
// It starts its servers with test/cluster, as a test does: the one package outside test/ that imports from there.
package main
