SELECT * FROM at_the_desk;
