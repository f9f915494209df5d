// A small program with nothing but `parse` in it: the child of the tests here.
#include "app/parse/parse_main.h"

int main(int argc, char** argv) {
    return argc > 1 ? moat::app::parse_main(argc - 1, argv + 1) : 1;
}
