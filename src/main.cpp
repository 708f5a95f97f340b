#include "sternpost/app/run.hpp"

int main(int argc, char** argv) {
    return sternpost::run(argc, argv);
}
